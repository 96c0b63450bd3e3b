import { SecretsManagerServiceException } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CandidateRefused, Unreachable } from '../../../shared/errors.ts';
import { STEPS, type Step } from '../../../shared/rotation/event.ts';
import { type RotationHandler, rotationHandler } from '../../../shared/rotation/handler.ts';
import type { Strategy } from '../../../shared/rotation/strategy.ts';
import { type CapturedOutput, captureOutput } from '../../support/captured-output.ts';
import { type Around, interceptCalls } from '../../support/intercepted-calls.ts';
import { type Issuer, type Key, keyStrategy, type MemoryIssuer, memoryIssuer } from '../../support/issuer.ts';
import { Life } from '../../support/life.ts';
import { clientFor, invokeStep, type Protocol, startProtocol } from '../../support/protocol.ts';

let protocol: Protocol;
let output: CapturedOutput;
let issuer: MemoryIssuer;

beforeEach(async () => {
  protocol = await startProtocol();
  output = captureOutput();
  issuer = memoryIssuer();
});

afterEach(async () => {
  output.restore();
  await protocol.close();
});

/** A handler as a fresh container has it; `around` may fail its calls to Secrets Manager. */
function freshHandler(strategy: Strategy<Key> = keyStrategy(issuer), around?: Around): RotationHandler {
  const client = clientFor(protocol.service.endpoint);
  if (around) interceptCalls(client, around);
  return rotationHandler(strategy, client);
}

const run = async (handler: RotationHandler, arn: string, token: string, steps: readonly Step[] = STEPS) => {
  for (const step of steps) await invokeStep(handler, step, arn, token);
};
const secretWithKey = async () => protocol.createSecret(JSON.stringify(await issuer.mint()));
const clearPending = (arn: string, token: string) =>
  protocol.service.store.find(arn).versions.clearPending(token, new Date());
/** The id of the key that a version holds. */
function keyIn(arn: string, version: string): string | undefined {
  const text = protocol.valueOf(arn, version);
  return text === undefined ? undefined : String(JSON.parse(text).id);
}

const refusal = (name: string, status: number, message = 'as the test wants it') =>
  new SecretsManagerServiceException({
    name,
    message,
    $fault: status < 500 ? 'client' : 'server',
    $metadata: { httpStatusCode: status },
  });

/** Instead of one operation, or after it, something else happens. */
const onPut =
  (fate: (perform: () => Promise<unknown>) => Promise<never>): Around =>
  (call, perform) =>
    call.operation === 'PutSecretValue' ? fate(perform) : perform();

describe('createSecret of a strategy that mints', () => {
  it('looks for a stored candidate before it mints', async () => {
    const arn = await secretWithKey();
    const token = protocol.beginRotation(arn);
    await run(freshHandler(), arn, token, ['createSecret']);
    const stored = keyIn(arn, token);
    const mint = vi.spyOn(issuer, 'mint');
    await run(freshHandler(), arn, token, ['createSecret']);
    expect(mint).not.toHaveBeenCalled();
    expect(keyIn(arn, token)).toBe(stored);
    expect(output.logs().at(-1)).toMatchObject({ result: 'candidate adopted' });
  });

  it('discards what it minted once another candidate is known to be stored, and never that one', async () => {
    const arn = await secretWithKey();
    const token = protocol.beginRotation(arn);
    const faster = freshHandler();
    const slower = freshHandler(undefined, async ({ operation }, perform) => {
      if (operation === 'PutSecretValue') await run(faster, arn, token, ['createSecret']);
      return perform();
    });
    await run(slower, arn, token, ['createSecret']);
    expect(issuer.alive).toEqual(new Set([keyIn(arn, 'AWSCURRENT'), keyIn(arn, token)]));
  });

  it('leaves one candidate when it runs twice at once', async () => {
    const arn = await secretWithKey();
    const token = protocol.beginRotation(arn);
    await Promise.all([1, 2].map(() => run(freshHandler(), arn, token, ['createSecret'])));
    expect(issuer.alive).toEqual(new Set([keyIn(arn, 'AWSCURRENT'), keyIn(arn, token)]));
  });

  const doubts: ReadonlyArray<[string, string, (perform: () => Promise<unknown>) => Promise<never>]> = [
    ['a 5xx', 'SecretsManagerUnavailable', () => Promise.reject(refusal('InternalServiceError', 500))],
    ['throttling', 'SecretsManagerUnavailable', () => Promise.reject(refusal('ThrottlingException', 400))],
    ['denied access', 'SecretsManagerRefused', () => Promise.reject(refusal('AccessDeniedException', 400))],
    [
      'a time-out',
      'SecretsManagerUnavailable',
      () => Promise.reject(Object.assign(new Error('timed out'), { name: 'TimeoutError' })),
    ],
    [
      'a lost answer',
      'SecretsManagerUnavailable',
      (perform) => perform().then(() => Promise.reject(Object.assign(new Error('hang up'), { code: 'ECONNRESET' }))),
    ],
  ];
  it.each(doubts)('discards nothing after %s, and converges when repeated', async (_, name, fate) => {
    const arn = await secretWithKey();
    const token = protocol.beginRotation(arn);
    await expect(run(freshHandler(undefined, onPut(fate)), arn, token, ['createSecret'])).rejects.toMatchObject({
      name,
    });
    expect(issuer.alive.size).toBe(2);
    const stored = keyIn(arn, token);
    await run(freshHandler(), arn, token);
    expect(keyIn(arn, 'AWSCURRENT')).toBe(stored ?? keyIn(arn, token));
    expect(issuer.alive).toEqual(new Set([keyIn(arn, 'AWSCURRENT')]));
  });

  it('discards nothing if the stored candidate is its own, whatever the service answered', async () => {
    const arn = await secretWithKey();
    const token = protocol.beginRotation(arn);
    const answered = onPut((perform) => perform().then(() => Promise.reject(refusal('ResourceExistsException', 400))));
    await run(freshHandler(undefined, answered), arn, token, ['createSecret']);
    expect(issuer.alive).toContain(keyIn(arn, token));
  });

  it('discards nothing if it cannot see which candidate is stored', async () => {
    const arn = await secretWithKey();
    const token = protocol.beginRotation(arn);
    let put = false;
    const blind: Around = async ({ operation }, perform) => {
      if (operation === 'PutSecretValue') {
        put = true;
        await perform();
        throw refusal('ResourceExistsException', 400);
      }
      if (put) throw refusal('InternalServiceError', 500);
      return perform();
    };
    await expect(run(freshHandler(undefined, blind), arn, token, ['createSecret'])).rejects.toMatchObject({
      name: 'SecretsManagerUnavailable',
    });
    expect(issuer.alive).toContain(keyIn(arn, token));
  });
});

describe('finish', () => {
  /** Notes which version was current each time, and whether AWSCURRENT had moved by then. */
  const finishing = (fail?: () => Error) => {
    const finished: (string | undefined)[] = [];
    const strategy: Strategy<Key> = {
      ...keyStrategy(issuer),
      async finish(versions) {
        finished.push((await versions.current()).id);
        if (fail) throw fail();
      },
    };
    return { finished, handler: freshHandler(strategy) };
  };

  it('runs once after the promotion, and again when the step is repeated', async () => {
    const arn = await secretWithKey();
    const token = protocol.beginRotation(arn);
    const { finished, handler } = finishing();
    await run(handler, arn, token);
    expect(finished).toEqual([keyIn(arn, token)]);
    await run(handler, arn, token, ['finishSecret']);
    expect(finished).toEqual([keyIn(arn, token), keyIn(arn, token)]);
  });

  it('does not run for a version that a later rotation has replaced', async () => {
    const arn = await secretWithKey();
    const token = protocol.beginRotation(arn);
    await run(freshHandler(), arn, token);
    await run(freshHandler(), arn, protocol.beginRotation(arn));
    const { finished, handler } = finishing();
    await expect(run(handler, arn, token, ['finishSecret'])).rejects.toMatchObject({ name: 'VersionNotStaged' });
    expect(finished).toEqual([]);
  });

  it('runs after a promotion whose answer was lost, when the step is repeated', async () => {
    const arn = await secretWithKey();
    const token = protocol.beginRotation(arn);
    await run(freshHandler(), arn, token, ['createSecret', 'setSecret', 'testSecret']);
    const losing = freshHandler(undefined, async ({ operation }, perform) => {
      const answer = await perform();
      if (operation === 'UpdateSecretVersionStage') throw new Error('socket hang up');
      return answer;
    });
    await expect(run(losing, arn, token, ['finishSecret'])).rejects.toMatchObject({
      name: 'SecretsManagerUnavailable',
    });
    await run(freshHandler(), arn, token, ['finishSecret']);
    expect(issuer.alive).toEqual(new Set([keyIn(arn, token)]));
  });

  it.each([
    ['a named error', () => new Unreachable('The issuer is away.'), 'Unreachable'],
    ['any other', () => new TypeError('A bug.'), 'Unexpected'],
  ])('that fails with %s is logged and counted, and fails no rotation', async (_, failure, errorCode) => {
    const arn = await secretWithKey();
    const token = protocol.beginRotation(arn);
    await run(finishing(failure).handler, arn, token);
    expect(protocol.stages(arn)['AWSCURRENT']).toBe(token);
    const warning = { level: 'WARN', secretArn: arn, version: token, errorCode };
    expect(output.logs()).toContainEqual(expect.objectContaining(warning));
    expect(JSON.stringify(output.logs())).toContain(failure().message);
    expect(output.logs().at(-1)).toMatchObject({ outcome: 'succeeded', result: 'promoted' });
    const failures = output.metrics().filter(({ name }) => name === 'RetirementFailed');
    const dimensions = { function: 'test-function', step: 'finishSecret' };
    expect(failures.map((metric) => metric.dimensions)).toEqual([dimensions, { ...dimensions, errorCode }]);
    expect(failures.map(({ value }) => value)).toEqual([1, 1]);
  });
});

describe('a candidate that the target refuses for good', () => {
  const refusing = (step: 'set' | 'test'): Strategy<Key> => ({
    ...keyStrategy(issuer),
    [step]: async () => {
      throw new CandidateRefused('The issuer takes no such key.');
    },
  });

  it.each(['set', 'test'] as const)('in %s gives way to a new one in the next rotation', async (step) => {
    const arn = await secretWithKey();
    const current = protocol.stages(arn)['AWSCURRENT'];
    const token = protocol.beginRotation(arn);
    await expect(run(freshHandler(refusing(step)), arn, token)).rejects.toMatchObject({ name: 'CandidateRefused' });
    expect(protocol.stages(arn)).toEqual({ AWSCURRENT: current });
    // The service repeats the whole rotation with the same token: that must not bring the candidate back.
    await expect(run(freshHandler(), arn, token)).rejects.toMatchObject({ name: 'VersionNotStaged' });

    const next = protocol.beginRotation(arn);
    await run(freshHandler(), arn, next);
    expect(protocol.stages(arn)['AWSCURRENT']).toBe(next);
    expect(issuer.alive).toEqual(new Set([keyIn(arn, next)]));
  });

  it('is reported as that even if AWSPENDING cannot be taken off, with the command that does it', async () => {
    const arn = await secretWithKey();
    const token = protocol.beginRotation(arn);
    const stuck = freshHandler(refusing('set'), ({ operation }, perform) =>
      operation === 'UpdateSecretVersionStage' ? Promise.reject(refusal('AccessDeniedException', 400)) : perform(),
    );
    await expect(run(stuck, arn, token)).rejects.toMatchObject({ name: 'CandidateRefused' });
    expect(protocol.stages(arn)['AWSPENDING']).toBe(token);
    expect(output.logs()).toContainEqual(
      expect.objectContaining({
        level: 'WARN',
        message: expect.stringContaining(`--version-stage AWSPENDING --remove-from-version-id ${token}`),
      }),
    );
  });

  it('is not what any other failure means: AWSPENDING stays for the repetition', async () => {
    const arn = await secretWithKey();
    const token = protocol.beginRotation(arn);
    const failing = { ...keyStrategy(issuer), set: () => Promise.reject(new Unreachable('The issuer is away.')) };
    await expect(run(freshHandler(failing), arn, token)).rejects.toMatchObject({ name: 'Unreachable' });
    expect(protocol.stages(arn)['AWSPENDING']).toBe(token);
    await run(freshHandler(), arn, token);
    expect(protocol.stages(arn)['AWSCURRENT']).toBe(token);
  });
});

/** The same issuer, asked by someone who may die. */
function issuerIn(life: Life, real: Issuer): Issuer {
  return {
    mint: () => life.effect('mint', () => real.mint()),
    list: () => life.effect('list', () => real.list()),
    remove: (id) => life.effect('remove', () => real.remove(id)),
    accepts: (key) => life.effect('accepts', () => real.accepts(key)),
  };
}

describe('a rotation that mints, killed before and after each of its effects', () => {
  /** A secret that was rotated before, so that AWSPREVIOUS exists, with an orphan at the issuer. */
  async function secretWithHistory() {
    const arn = await secretWithKey();
    const earlier = protocol.beginRotation(arn);
    await run(freshHandler(), arn, earlier);
    clearPending(arn, earlier);
    await issuer.mint();
    return arn;
  }

  /** Removing a key that AWSCURRENT or AWSPENDING holds is the one thing that must never happen. */
  const removedInUse: string[] = [];
  function watched(arn: string): Issuer {
    return {
      ...issuer,
      async remove(id) {
        for (const label of ['AWSCURRENT', 'AWSPENDING']) if (keyIn(arn, label) === id) removedInUse.push(label);
        await issuer.remove(id);
      },
    };
  }

  async function runUntilDeath(life: Life, arn: string, token: string): Promise<void> {
    const handler = freshHandler(keyStrategy(issuerIn(life, watched(arn))), life.around);
    await run(handler, arn, token).catch(() => {});
  }

  async function deaths() {
    const life = new Life();
    const arn = await secretWithHistory();
    const token = protocol.beginRotation(arn);
    await runUntilDeath(life, arn, token);
    expect(protocol.stages(arn)['AWSCURRENT']).toBe(token);
    expect(life.effects).toEqual(
      expect.arrayContaining(['mint', 'remove', 'PutSecretValue', 'UpdateSecretVersionStage']),
    );
    return life.effects.flatMap((_, effect) => [
      { effect, when: 'before' } as const,
      { effect, when: 'after' } as const,
    ]);
  }

  it.each([
    ['the same token', (_: string, token: string) => token],
    [
      'a new token, after AWSPENDING was cleared by hand',
      (arn: string, token: string) => {
        clearPending(arn, token);
        return protocol.beginRotation(arn);
      },
    ],
  ])(
    'converges with %s: AWSCURRENT always works, a stored candidate is never removed, and orphans go',
    async (_, tokenAfter) => {
      for (const death of await deaths()) {
        issuer = memoryIssuer();
        const arn = await secretWithHistory();
        const token = protocol.beginRotation(arn);
        const life = new Life(death);
        await runUntilDeath(life, arn, token);
        expect(life.over).toBe(true);
        expect(issuer.alive).toContain(keyIn(arn, 'AWSCURRENT'));
        const stored = keyIn(arn, token);
        if (stored) expect(issuer.alive).toContain(stored);

        const repeated = tokenAfter(arn, token);
        await run(freshHandler(keyStrategy(watched(arn))), arn, repeated);
        expect(protocol.stages(arn)['AWSCURRENT']).toBe(repeated);
        if (repeated === token && stored) expect(keyIn(arn, 'AWSCURRENT')).toBe(stored);
        expect(issuer.alive).toContain(keyIn(arn, 'AWSCURRENT'));

        // setSecret spares AWSPREVIOUS, so a key that died with its retirement undone goes one rotation later.
        await run(freshHandler(keyStrategy(watched(arn))), arn, protocol.beginRotation(arn));
        expect(issuer.alive).toEqual(new Set([keyIn(arn, 'AWSCURRENT')]));
      }
      expect(removedInUse).toEqual([]);
    },
  );
});
