import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STEPS, type Step } from '../../../shared/rotation/event.ts';
import { rotationHandler } from '../../../shared/rotation/handler.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { failureOf } from '../../support/failure.ts';
import { recordCalls } from '../../support/intercepted-calls.ts';
import { invokeStep, type Protocol, startProtocol } from '../../support/protocol.ts';
import { type Target, targetStrategy } from '../../support/target.ts';

let protocol: Protocol;
let target: Target;
let now: number;
outputOfEachTest();

beforeEach(async () => {
  now = Date.UTC(2026, 0, 1);
  // Every look at the clock is a later moment, as between two calls to the service.
  protocol = await startProtocol(() => {
    now += 1000;
    return new Date(now);
  });
  target = { accepts: 'first', did: [] };
});

afterEach(() => protocol.close());

const newHandler = () => rotationHandler(targetStrategy(target), protocol.client);
const versionsOf = (arn: string) => protocol.service.store.find(arn).versions;
const instant = () => protocol.service.store.now();

/** What put-secret-value does, with AWSPENDING taken off the version that was current too, as recorded, or left on it. */
function putByHand(arn: string, SecretString: string, releases: boolean): string {
  const versions = versionsOf(arn);
  const [current, pending] = [versions.holderOf('AWSCURRENT')?.id, versions.holderOf('AWSPENDING')?.id];
  const { id } = versions.put(randomUUID(), { SecretString }, undefined, instant());
  if (!releases && pending !== undefined && pending === current) versions.stagePending(pending, undefined, instant());
  return id;
}

const rotated = (lastRotated: Date | undefined) => ({
  functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:test',
  rules: {},
  schedule: undefined,
  enabled: true,
  lastRotated,
  latest: undefined,
  due: undefined,
});

/** What update-secret-version-stage does with AWSCURRENT. */
function rollBack(arn: string, to: string): void {
  versionsOf(arn).moveLabel('AWSCURRENT', to, versionsOf(arn).holderOf('AWSCURRENT')?.id, instant());
}

/** Each step in the same container, or each in a fresh one. */
async function run(arn: string, token: string, containers: 'one' | 'fresh', steps: readonly Step[] = STEPS) {
  const warm = newHandler();
  for (const step of steps) await invokeStep(containers === 'one' ? warm : newHandler(), step, arn, token);
}

/** The next rotation-secret call: with the token that holds AWSPENDING, if one waits, as the service reattempts it. */
async function rotateAgain(arn: string): Promise<string> {
  const { AWSPENDING: waiting, AWSCURRENT: current } = protocol.stages(arn);
  if (waiting !== undefined && waiting !== current) {
    expect(await failureOf(run(arn, waiting, 'fresh'))).toMatchObject({ name: 'CandidateGivenUp' });
    expect(protocol.stages(arn)).not.toHaveProperty('AWSPENDING');
    expect(target.accepts).toBe(protocol.valueOf(arn, 'AWSCURRENT'));
  }
  const token = protocol.beginRotation(arn);
  await run(arn, token, 'fresh');
  expect(protocol.valueOf(arn, 'AWSCURRENT')).toBe(target.accepts);
  return token;
}

describe.each([true, false])('where a put takes AWSPENDING off what was current too: %s', (releases) => {
  it('a candidate that was promoted, leaked and replaced by hand never comes back', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    await run(arn, token, 'one');
    const leaked = target.accepts;
    target.accepts = 'by hand';
    putByHand(arn, 'by hand', releases);
    await rotateAgain(arn);
    expect(target.accepts).not.toBe(leaked);
    expect(target.did.filter((what) => what === 'set')).toHaveLength(2);
  });

  it('nor after two edits, when no label tells that it was current', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    await run(arn, token, 'one');
    const leaked = target.accepts;
    for (const value of ['by hand', 'by hand again']) putByHand(arn, value, releases);
    target.accepts = 'by hand again';
    await rotateAgain(arn);
    expect(target.accepts).not.toBe(leaked);
  });

  it.each(['setSecret', 'testSecret', 'finishSecret'] as const)(
    'an edit before %s wins, in one container and in fresh ones',
    async (step) => {
      for (const containers of ['one', 'fresh'] as const) {
        target = { accepts: 'first', did: [] };
        const arn = protocol.createSecret('first');
        const token = protocol.beginRotation(arn);
        const handler = newHandler();
        const at = STEPS.indexOf(step);
        const by = () => (containers === 'one' ? handler : newHandler());
        for (const before of STEPS.slice(0, at)) await invokeStep(by(), before, arn, token);
        const edit = putByHand(arn, 'edited', releases);
        const rest = async () => {
          for (const after of STEPS.slice(at)) await invokeStep(by(), after, arn, token);
        };
        expect(await failureOf(rest())).toMatchObject({ name: 'CandidateGivenUp' });
        expect(protocol.stages(arn)).toMatchObject({ AWSCURRENT: edit });
        expect(protocol.stages(arn)).not.toHaveProperty('AWSPENDING');
        expect(target.accepts).toBe('edited');
        await rotateAgain(arn);
        expect(protocol.stages(arn)['AWSPREVIOUS']).toBe(edit);
      }
    },
  );
});

it('a version that was rolled back by its label never comes back', async () => {
  const arn = protocol.createSecret('first');
  const first = protocol.stages(arn)['AWSCURRENT'] ?? '';
  const token = protocol.beginRotation(arn);
  await run(arn, token, 'one');
  rollBack(arn, first);
  target.accepts = 'first';
  expect(protocol.stages(arn)).toMatchObject({ AWSCURRENT: first, AWSPREVIOUS: token, AWSPENDING: token });
  for (const step of STEPS.slice(0, 3)) {
    versionsOf(arn).stagePending(token, undefined, instant());
    expect(await failureOf(run(arn, token, 'fresh', [step]))).toMatchObject({ name: 'CandidateGivenUp' });
    expect(target.accepts).toBe('first');
  }
  await rotateAgain(arn);
});

it('nor does it after an edit and a rollback, by a container that remembers what it was made of', async () => {
  const arn = protocol.createSecret('first');
  const first = protocol.stages(arn)['AWSCURRENT'] ?? '';
  const token = protocol.beginRotation(arn);
  const warm = newHandler();
  for (const step of STEPS) await invokeStep(warm, step, arn, token);
  rollBack(arn, first);
  putByHand(arn, 'first again', false);
  rollBack(arn, first);
  target.accepts = 'first';
  protocol.service.store.find(arn).rotation = rotated(instant());
  expect(protocol.stages(arn)['AWSPENDING']).toBe(token);
  expect(await failureOf(invokeStep(warm, 'createSecret', arn, token))).toMatchObject({ name: 'CandidateGivenUp' });
  expect(target.accepts).toBe('first');
});

it('a rollback by label during a rotation is promoted over only if the candidate would be made of it', async () => {
  const arn = protocol.createSecret('zeroth');
  await run(arn, protocol.beginRotation(arn), 'one').catch(() => {});
  target.accepts = protocol.valueOf(arn, 'AWSCURRENT') ?? '';
  const older = protocol.stages(arn)['AWSCURRENT'] ?? '';
  putByHand(arn, 'newer', true);
  target.accepts = 'newer';
  const token = protocol.beginRotation(arn);
  await run(arn, token, 'one', ['createSecret', 'setSecret', 'testSecret']);
  rollBack(arn, older);
  await run(arn, token, 'fresh', ['finishSecret']);
  expect(protocol.stages(arn)).toMatchObject({ AWSCURRENT: token, AWSPREVIOUS: older });
});

it('a candidate that waited while another rotation was completed is given up', async () => {
  const arn = protocol.createSecret('first');
  const [old, newer] = [protocol.beginRotation(arn), randomUUID()];
  await run(arn, old, 'one', ['createSecret']);
  versionsOf(arn).clearPending(old, instant());
  versionsOf(arn).stagePending(newer, undefined, instant());
  await run(arn, newer, 'one');
  versionsOf(arn).stagePending(old, undefined, instant());
  await rotateAgain(arn);
});

it('AWSPENDING stays until AWSCURRENT works, and the error says why', async () => {
  const arn = protocol.createSecret('first');
  const token = protocol.beginRotation(arn);
  await run(arn, token, 'one', ['createSecret', 'setSecret']);
  putByHand(arn, 'unreadable', true);
  const error = await failureOf(run(arn, token, 'fresh', ['setSecret']));
  expect(error).toMatchObject({ name: 'InvalidSecret', message: expect.stringContaining('AWSCURRENT of') });
  expect(error.message).toContain('AWSPENDING stays on it until AWSCURRENT works');
  expect(protocol.stages(arn)['AWSPENDING']).toBe(token);
  putByHand(arn, 'edited', true);
  await rotateAgain(arn);
});

it('finishSecret in another container than the steps before costs one call more, and no right more', async () => {
  const arn = protocol.createSecret('first');
  const token = protocol.beginRotation(arn);
  const calls = recordCalls(protocol.client);
  await run(arn, token, 'fresh');
  expect(calls.slice(6).map(({ operation }) => operation)).toEqual([
    'GetSecretValue',
    'GetSecretValue',
    'UpdateSecretVersionStage',
  ]);
});

it('a switched off rotation with AWSPENDING waiting says how to get out, in steps that work', async () => {
  const arn = protocol.createSecret('first');
  const token = protocol.beginRotation(arn);
  await run(arn, token, 'one', ['createSecret']);
  protocol.service.store.find(arn).rotation = { ...rotated(undefined), enabled: false };
  const error = await failureOf(run(arn, token, 'one'));
  expect(error.name).toBe('RotationDisabled');
  const [, from] = /--version-stage AWSPENDING --remove-from-version-id (\S+?)\./.exec(error.message) ?? [];
  versionsOf(arn).moveLabel('AWSPENDING', undefined, from, instant());
  protocol.service.store.find(arn).rotation = undefined;
  await rotateAgain(arn);
});
