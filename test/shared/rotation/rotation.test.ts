import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STEPS, type Step } from '../../../shared/rotation/event.ts';
import { type RotationHandler, rotationHandler } from '../../../shared/rotation/handler.ts';
import { stringValue } from '../../../shared/secrets/secret-value.ts';
import { secretsManagerClient } from '../../../shared/secrets/secrets-manager-client.ts';
import { randomValue } from '../../../shared/strategies/random-value.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { startFaultyService } from '../../support/faulty-service.ts';
import { interceptCalls, recordCalls } from '../../support/intercepted-calls.ts';
import { clientFor, invokeStep, type Protocol, startProtocol } from '../../support/protocol.ts';
import { type Target, targetStrategy } from '../../support/target.ts';

let protocol: Protocol;
const output = outputOfEachTest();
let target: Target;
let handler: RotationHandler;

beforeEach(async () => {
  protocol = await startProtocol();
  target = { accepts: 'first', did: [] };
  handler = rotationHandler(targetStrategy(target), protocol.client);
});

afterEach(async () => {
  await protocol.close();
});

const versionsOf = (arn: string) => protocol.service.store.find(arn).versions;
const everything = (arn: string) =>
  structuredClone({ stages: protocol.stages(arn), versions: versionsOf(arn).all(), accepts: target.accepts });
const writeByHand = (arn: string, value: string) =>
  protocol.service.store.put(protocol.service.store.find(arn), randomUUID(), { SecretString: value }, undefined).id;
const switchRotation = (arn: string, enabled: boolean) => {
  protocol.service.store.find(arn).rotation = {
    functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:test',
    rules: {},
    schedule: undefined,
    enabled,
    lastRotated: undefined,
    latest: undefined,
    due: undefined,
  };
};

async function run(arn: string, token: string, steps: readonly Step[] = STEPS, by = handler): Promise<void> {
  for (const step of steps) await invokeStep(by, step, arn, token);
}

const stepsUpTo = (step: Step) => STEPS.slice(0, STEPS.indexOf(step) + 1);
const stepsBefore = (step: Step) => STEPS.slice(0, STEPS.indexOf(step));

describe('a rotation', () => {
  it('stores a candidate, has it accepted and tested, and promotes it', async () => {
    const arn = protocol.createSecret('first');
    const first = protocol.stages(arn)['AWSCURRENT'];
    const token = protocol.beginRotation(arn);
    await run(arn, token);
    expect(protocol.stages(arn)).toMatchObject({ AWSCURRENT: token, AWSPREVIOUS: first });
    expect(protocol.valueOf(arn, 'AWSCURRENT')).toBe(target.accepts);
    expect(target.accepts).not.toBe('first');
    expect(target.did).toEqual(['create', 'set', 'test']);
  });

  it('leaves AWSPENDING where it is when it succeeds', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    const calls = recordCalls(protocol.client);
    await run(arn, token);
    expect(protocol.stages(arn)['AWSPENDING']).toBe(token);
    const moves = calls.filter(({ operation }) => operation === 'UpdateSecretVersionStage');
    expect(moves.map(({ input }) => input['VersionStage'])).toEqual(['AWSCURRENT']);
  });

  it('of a secret whose strategy reads AWSCURRENT in setSecret makes 8 calls', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    const calls = recordCalls(protocol.client);
    await run(arn, token);
    expect(calls).toHaveLength(8);
  });

  it('of a random value makes 7 calls, none of them to describe in setSecret and testSecret', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    const calls = recordCalls(protocol.client);
    await run(arn, token, STEPS, rotationHandler(randomValue(), protocol.client));
    expect(calls.map(({ operation }) => operation)).toEqual([
      'DescribeSecret',
      'GetSecretValue',
      'PutSecretValue',
      'GetSecretValue',
      'GetSecretValue',
      'DescribeSecret',
      'UpdateSecretVersionStage',
    ]);
  });

  it('hands the rotation token to PutSecretValue, as an assumed role needs it, and to nobody else', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    const calls = recordCalls(protocol.client);
    const RotationToken = randomUUID();
    for (const Step of STEPS) {
      await handler(
        { Step, SecretId: arn, ClientRequestToken: token, RotationToken },
        { functionName: 'f', getRemainingTimeInMillis: () => 30_000 },
      );
    }
    const withToken = calls.filter(({ input }) => JSON.stringify(input).includes(RotationToken));
    expect(withToken).toMatchObject([{ operation: 'PutSecretValue', input: { RotationToken } }]);
    expect(output.text()).not.toContain(RotationToken);
  });

  it('can be repeated whole after any step, and keeps its first candidate', async () => {
    for (const last of STEPS) {
      target.accepts = 'first';
      const arn = protocol.createSecret('first');
      const token = protocol.beginRotation(arn);
      await run(arn, token, stepsUpTo(last));
      const candidate = protocol.valueOf(arn, token);
      await run(arn, token);
      expect(protocol.stages(arn)['AWSCURRENT']).toBe(token);
      expect(protocol.valueOf(arn, 'AWSCURRENT')).toBe(candidate);
      expect(target.accepts).toBe(candidate);
    }
  });

  it('that only tests passes on a temporary version with a copy of AWSCURRENT, and changes nothing', async () => {
    const arn = protocol.createSecret('first');
    const token = randomUUID();
    versionsOf(arn).stagePending(token, { SecretString: 'first' }, new Date());
    const was = protocol.stages(arn);
    await run(arn, token, ['testSecret']);
    expect(target.did).toEqual(['test']);
    expect(protocol.stages(arn)).toEqual(was);
  });
});

describe('createSecret', () => {
  it('given an empty placeholder, fills it and leaves AWSCURRENT alone', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    await run(arn, token, ['createSecret']);
    expect(protocol.stages(arn)).toMatchObject({ AWSPENDING: token });
    expect(protocol.valueOf(arn, token)).toMatch(/^candidate /);
    expect(protocol.valueOf(arn, 'AWSCURRENT')).toBe('first');
  });

  it('twice, one after the other, makes one candidate', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    await run(arn, token, ['createSecret']);
    const candidate = protocol.valueOf(arn, token);
    await run(arn, token, ['createSecret']);
    expect(protocol.valueOf(arn, token)).toBe(candidate);
    expect(output.logs().map(({ result }) => result)).toEqual(['candidate stored', 'candidate adopted']);
  });

  it.each([
    ['on', true],
    ['off', false],
  ])('with rotation switched %s', async (_, enabled) => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    switchRotation(arn, enabled);
    const step = run(arn, token, ['createSecret']);
    if (enabled) return await expect(step).resolves.toBeUndefined();
    await expect(step).rejects.toMatchObject({
      name: 'RotationDisabled',
      message: expect.stringContaining('aws secretsmanager rotate-secret'),
    });
    expect(protocol.valueOf(arn, token)).toBeUndefined();
    expect(target.did).toEqual([]);
  });

  it('without a current value says what to store', async () => {
    const arn = protocol.createSecret(undefined);
    const token = protocol.beginRotation(arn);
    await expect(run(arn, token, ['createSecret'])).rejects.toMatchObject({
      name: 'NoCurrentValue',
      message: expect.stringContaining('put-secret-value'),
    });
    expect(protocol.stages(arn)).toEqual({ AWSPENDING: token });
  });

  it('stores nothing that its own strategy could not read again', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    const broken = { ...targetStrategy(target), create: async () => stringValue('') };
    await expect(run(arn, token, ['createSecret'], rotationHandler(broken, protocol.client))).rejects.toMatchObject({
      name: 'InvalidSecret',
    });
    expect(protocol.valueOf(arn, token)).toBeUndefined();
  });
});

describe('every step', () => {
  it.each(STEPS)('%s refuses a token that is not staged, and changes nothing', async (step) => {
    const arn = protocol.createSecret('first');
    const labelled = protocol.beginRotation(arn);
    await run(arn, labelled, ['createSecret']);
    versionsOf(arn).clearPending(labelled, new Date());
    const was = everything(arn);
    const unlabelled = [labelled, randomUUID()];
    for (const token of unlabelled) {
      await expect(run(arn, token, [step])).rejects.toMatchObject({
        name: 'VersionNotStaged',
        message: expect.stringContaining(token),
      });
    }
    expect({ ...everything(arn), versions: was.versions }).toEqual(was);
    expect(target.did).toEqual(['create']);
  });

  it.each(STEPS)('%s of a secret that does not exist is refused by name', async (step) => {
    const arn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:absent-a1B2c3';
    await expect(run(arn, randomUUID(), [step])).rejects.toMatchObject({
      name: 'SecretsManagerRefused',
      message: expect.stringMatching(/absent.*ResourceNotFoundException.*name, region and account/s),
    });
  });

  it.each(STEPS)('%s succeeds and does nothing once the version is current', async (step) => {
    for (const pendingKept of [true, false]) {
      target.accepts = 'first';
      const arn = protocol.createSecret('first');
      const token = protocol.beginRotation(arn);
      await run(arn, token);
      if (!pendingKept) versionsOf(arn).clearPending(token, new Date());
      const was = everything(arn).stages;
      target.did.length = 0;
      await run(arn, token, [step]);
      expect(output.logs().at(-1)).toMatchObject({ outcome: 'succeeded', result: 'already current' });
      expect(protocol.stages(arn)).toEqual(was);
      expect(target.did).toEqual([]);
    }
  });

  it.each(STEPS)('%s as a late duplicate changes nothing, during the next rotation and after it', async (step) => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    await run(arn, token);
    const next = protocol.beginRotation(arn);
    for (const nextStep of STEPS) {
      await run(arn, next, [nextStep]);
      const was = everything(arn);
      target.did.length = 0;
      await run(arn, token, [step]).catch((error) => expect(error).toMatchObject({ name: 'VersionNotStaged' }));
      expect(everything(arn)).toEqual(was);
      expect(target.did).toEqual([]);
    }
    expect(protocol.stages(arn)).toMatchObject({ AWSCURRENT: next, AWSPREVIOUS: token });
  });

  it.each(STEPS)('%s twice at once does no harm', async (step) => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    await run(arn, token, stepsBefore(step));
    const copies = [protocol.client, clientFor(protocol.service.endpoint)];
    await Promise.all(copies.map((client) => run(arn, token, [step], rotationHandler(targetStrategy(target), client))));
    const candidate = protocol.valueOf(arn, token);
    await run(arn, token);
    expect(protocol.stages(arn)['AWSCURRENT']).toBe(token);
    expect(protocol.valueOf(arn, token)).toBe(candidate);
    expect(target.accepts).toBe(candidate);
  });

  it.each(['setSecret', 'testSecret'] as const)('%s before createSecret finds no candidate', async (step) => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    await expect(run(arn, token, [step])).rejects.toMatchObject({
      name: 'NoCandidate',
      message: expect.stringContaining(`--remove-from-version-id ${token}`),
    });
    expect(target.did).toEqual([]);
  });
});

describe('finishSecret', () => {
  it('refuses to replace a version that became current while it looked', async () => {
    const arn = protocol.createSecret('first');
    const first = protocol.stages(arn)['AWSCURRENT'];
    const token = protocol.beginRotation(arn);
    await run(arn, token, stepsBefore('finishSecret'));
    let byHand = '';
    interceptCalls(protocol.client, ({ input }, perform) => {
      if (input['MoveToVersionId'] === token) byHand = writeByHand(arn, 'by hand');
      return perform();
    });
    const failure: unknown = await run(arn, token, ['finishSecret']).catch((error) => error);
    expect(failure).toMatchObject({ name: 'CandidateGivenUp' });
    for (const version of [byHand, token]) expect(String(failure)).toContain(version);
    expect(protocol.stages(arn)).toEqual({ AWSCURRENT: byHand, AWSPREVIOUS: first });
    expect([protocol.valueOf(arn, 'AWSCURRENT'), target.accepts]).toEqual(['by hand', 'by hand']);
  });

  it('succeeds when another copy of it was faster', async () => {
    const arn = protocol.createSecret('first');
    const first = protocol.stages(arn)['AWSCURRENT'];
    const token = protocol.beginRotation(arn);
    await run(arn, token, stepsBefore('finishSecret'));
    interceptCalls(protocol.client, ({ operation }, perform) => {
      if (operation === 'UpdateSecretVersionStage') {
        versionsOf(arn).moveLabel('AWSCURRENT', token, first, new Date());
      }
      return perform();
    });
    await run(arn, token, ['finishSecret']);
    expect(protocol.stages(arn)).toMatchObject({ AWSCURRENT: token, AWSPREVIOUS: first });
  });

  it.each(['PutSecretValue', 'UpdateSecretVersionStage'])(
    'and the steps before it outlive a lost answer to %s',
    async (lost) => {
      const arn = protocol.createSecret('first');
      const token = protocol.beginRotation(arn);
      let losses = 0;
      const service = await startFaultyService(
        (operation) => (operation === lost && losses++ === 0 ? 'lost' : 'answered'),
        protocol.service.endpoint,
      );
      const client = secretsManagerClient({
        AWS_ENDPOINT_URL: service.endpoint,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'AKIDLOCAL',
        AWS_SECRET_ACCESS_KEY: 'local',
      });
      try {
        await run(arn, token, STEPS, rotationHandler(targetStrategy(target), client));
        expect(service.requests.filter((operation) => operation === lost)).toHaveLength(2);
        expect(output.logs().map(({ result }) => result)).toEqual([
          'candidate stored',
          'target accepts candidate',
          'candidate tested',
          'promoted',
        ]);
        expect(protocol.valueOf(arn, 'AWSCURRENT')).toBe(target.accepts);
      } finally {
        client.destroy();
        await service.close();
      }
    },
  );

  it('never moves AWSCURRENT onto a version without a value', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    const calls = recordCalls(protocol.client);
    await expect(run(arn, token, ['finishSecret'])).rejects.toMatchObject({ name: 'NoCandidate' });
    expect(calls.map(({ operation }) => operation)).not.toContain('UpdateSecretVersionStage');
  });

  it('gives up when AWSCURRENT moves each time that it looks', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    await run(arn, token, stepsBefore('finishSecret'));
    const versions = versionsOf(arn);
    interceptCalls(protocol.client, ({ operation }, perform) => {
      if (operation === 'UpdateSecretVersionStage') {
        // Older than the candidate, as a rollback by label is.
        versions.put(randomUUID(), { SecretString: 'first' }, ['AWSCURRENT'], new Date(0));
      }
      return perform();
    });
    await expect(run(arn, token, ['finishSecret'])).rejects.toMatchObject({ name: 'PromotionConflict' });
    expect(protocol.stages(arn)['AWSPENDING']).toBe(token);
  });
});

describe('what a strategy may ask for', () => {
  it('is read when asked for, and at most once a step', async () => {
    const arn = protocol.createSecret('first');
    await run(arn, protocol.beginRotation(arn));
    const other = protocol.createSecret('of a superuser');
    const token = protocol.beginRotation(arn);
    await run(arn, token, ['createSecret']);
    const calls = recordCalls(protocol.client);
    const seen: unknown[] = [];
    const asking = rotationHandler(
      {
        ...targetStrategy(target),
        async set(versions, context) {
          for (let time = 0; time < 2; time += 1) {
            const [current, candidate, previous, description] = await Promise.all([
              versions.current(),
              versions.candidate(),
              versions.previous(),
              context.describe(),
            ]);
            seen.push(current, candidate, previous, description.arn);
          }
          const { value } = await context.readOtherSecret(other);
          seen.push(value.kind === 'string' && value.text.reveal());
        },
      },
      protocol.client,
    );
    await run(arn, token, ['setSecret'], asking);
    const [current, candidate] = [protocol.valueOf(arn, 'AWSCURRENT'), protocol.valueOf(arn, token)];
    expect(seen).toEqual([current, candidate, 'first', arn, current, candidate, 'first', arn, 'of a superuser']);
    expect(calls.map(({ operation }) => operation).sort()).toEqual([
      'DescribeSecret',
      ...Array(4).fill('GetSecretValue'), // the candidate, AWSCURRENT, AWSPREVIOUS and the other secret
    ]);
  });

  it('includes AWSPREVIOUS only if there is one', async () => {
    const arn = protocol.createSecret('first');
    let previous: unknown = 'not asked';
    const asking = rotationHandler(
      {
        ...targetStrategy(target),
        async test(versions) {
          previous = await versions.previous();
        },
      },
      protocol.client,
    );
    const token = protocol.beginRotation(arn);
    await run(arn, token, ['createSecret']);
    await run(arn, token, ['testSecret'], asking);
    expect(previous).toBeUndefined();
  });

  it.each([
    ['AWSCURRENT', 'setSecret'],
    ['AWSPENDING', 'testSecret'],
  ] as const)('names %s when that cannot be parsed', async (label, step) => {
    const arn = protocol.createSecret(label === 'AWSCURRENT' ? 'unreadable' : 'first');
    const token = randomUUID();
    versionsOf(arn).stagePending(token, { SecretString: label === 'AWSPENDING' ? 'unreadable' : 'x' }, new Date());
    await expect(run(arn, token, [step])).rejects.toMatchObject({
      name: 'InvalidSecret',
      message: expect.stringContaining(`${label} of ${arn}`),
    });
  });
});
