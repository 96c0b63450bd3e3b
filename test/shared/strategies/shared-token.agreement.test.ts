import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STEPS } from '../../../shared/rotation/event.ts';
import { rotationHandler } from '../../../shared/rotation/handler.ts';
import { sharedToken } from '../../../shared/strategies/shared-token.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { type CrashPoint, Effects } from '../../support/effects.ts';
import { interceptCalls } from '../../support/intercepted-calls.ts';
import { clientFor, invokeStep, type Protocol, startProtocol } from '../../support/protocol.ts';

interface Tokens {
  readonly current: string;
  readonly previous?: string;
}

let protocol: Protocol;
outputOfEachTest();
let arn: string;
let effects: Effects;
/** What AWSCURRENT has held, oldest first. */
let published: Tokens[];
/** Whoever signed or verified, and disagreed. */
let disagreements: string[];

beforeEach(async () => {
  protocol = await startProtocol();
  effects = new Effects(async () => look());
});

afterEach(async () => {
  await protocol.close();
});

function newSecret(): void {
  arn = protocol.createSecret('{"current": "first"}');
  [published, disagreements] = [[], []];
  look();
}

const stored = (): Tokens => JSON.parse(protocol.valueOf(arn, 'AWSCURRENT') ?? '');

/** A verifier, as the README describes it: before it refuses a token, it reads the secret again. */
const accepts = (copy: Tokens, token: string): boolean =>
  Object.values(copy).includes(token) || Object.values(stored()).includes(token);

/** What everybody with a fresh copy, or one that is a rotation old, meets at this moment. */
function look(): void {
  if (published.at(-1)?.current !== stored().current) published.push(stored());
  const copies = published.slice(-2);
  for (const signer of copies) {
    for (const verifier of copies) {
      if (!accepts(verifier, signer.current)) disagreements.push(`${published.indexOf(signer)} at ${published.length}`);
    }
  }
}

/** Runs the steps in a process that may be killed at a point of its calls to Secrets Manager, each step `copies` times. */
async function attempt(token: string, copies: number, point?: CrashPoint): Promise<void> {
  effects.arm(point);
  const client = clientFor(protocol.service.endpoint);
  interceptCalls(client, async ({ operation }, perform) => {
    const answer = await effects.pass(operation, perform);
    look();
    return answer;
  });
  const handler = rotationHandler(sharedToken(), client);
  for (const step of STEPS) {
    const runs = Array.from({ length: copies }, () => invokeStep(handler, step, arn, token));
    const outcomes = await Promise.allSettled(runs);
    if (outcomes.some(({ status }) => status === 'rejected')) return;
  }
}

/** One rotation that ends well, whatever its first attempt meets. */
async function rotate({ point, copies, newToken }: { point: CrashPoint; copies: number; newToken: boolean }) {
  const token = protocol.beginRotation(arn);
  await attempt(token, copies, point);
  if (protocol.stages(arn)['AWSCURRENT'] === token) return;
  if (!newToken) return await attempt(token, copies);
  protocol.service.store.find(arn).versions.clearPending(token, new Date());
  await attempt(protocol.beginRotation(arn), copies);
}

const rotations = fc.array(
  fc.record({
    // A rotation makes nine calls, two copies of it more: some of these points are never reached.
    point: fc.record({ effect: fc.nat({ max: 12 }), when: fc.constantFrom('before' as const, 'after' as const) }),
    copies: fc.constantFrom(1, 2),
    newToken: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
);

describe('signers and verifiers, each with a fresh copy of the secret or one that is a rotation old,', () => {
  it('agree at every moment of many rotations, whatever was killed, repeated or run twice', async () => {
    await fc.assert(
      fc.asyncProperty(rotations, async (all) => {
        newSecret();
        for (const rotation of all) await rotate(rotation);
        expect(disagreements).toEqual([]);
        expect(published).toHaveLength(all.length + 1);
      }),
      { numRuns: 20 },
    );
  }, 60_000);

  it('agree no longer on a token that two rotations have ended', async () => {
    newSecret();
    await attempt(protocol.beginRotation(arn), 1);
    expect(accepts(stored(), 'first')).toBe(true);
    await attempt(protocol.beginRotation(arn), 1);
    expect(accepts(stored(), 'first')).toBe(false);
  });
});
