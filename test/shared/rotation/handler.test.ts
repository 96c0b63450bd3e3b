import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { DatabaseRefused } from '../../../shared/errors.ts';
import { STEPS } from '../../../shared/rotation/event.ts';
import { rotationHandler } from '../../../shared/rotation/handler.ts';
import type { Strategy } from '../../../shared/rotation/strategy.ts';
import { stringValue } from '../../../shared/secrets/secret-value.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { interceptCalls } from '../../support/intercepted-calls.ts';
import { invokeStep, type Protocol, startProtocol } from '../../support/protocol.ts';
import { type Target, targetStrategy } from '../../support/target.ts';

let protocol: Protocol;
const output = outputOfEachTest();
let target: Target;

beforeEach(async () => {
  protocol = await startProtocol();
  target = { accepts: 'first', did: [] };
});

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.resetModules();
  await protocol.close();
});

const handlerOf = (changes: Partial<Strategy<string>> = {}) =>
  rotationHandler({ ...targetStrategy(target), ...changes }, protocol.client);
const throwing = (error: unknown) => async () => {
  throw error;
};
const failureOf = (work: Promise<void>): Promise<unknown> =>
  work.then(
    () => {
      throw new Error('The step succeeded.');
    },
    (error: unknown) => error,
  );

/** A secret with a stored candidate, and the failure of setSecret when the strategy throws this. */
async function failSet(error: unknown) {
  const arn = protocol.createSecret('first');
  const token = protocol.beginRotation(arn);
  await invokeStep(handlerOf(), 'createSecret', arn, token);
  const failure = await failureOf(invokeStep(handlerOf({ set: throwing(error) }), 'setSecret', arn, token));
  return { arn, token, failure };
}

describe('a step that succeeds', () => {
  it('logs one line and counts itself, and the rotation when it is promoted', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    const dimensions = (step: string) => ({ function: 'test-function', step });
    for (const [index, step] of STEPS.entries()) {
      await invokeStep(handlerOf(), step, arn, token);
      expect(output.logs()).toHaveLength(index + 1);
      const line = output.logs().at(-1);
      expect(line).toMatchObject({ level: 'INFO', secretArn: arn, version: token, step, outcome: 'succeeded' });
      expect(line?.['durationMs']).toBeTypeOf('number');
      expect(line).not.toHaveProperty('errorCode');
    }
    const counted = output.metrics();
    for (const step of STEPS) {
      const ofStep = counted.filter((metric) => metric.dimensions['step'] === step);
      expect(ofStep.map(({ name, unit }) => `${name} ${unit}`).sort()).toEqual([
        ...(step === 'finishSecret' ? ['RotationCompleted Count'] : []),
        'RotationStepDuration Milliseconds',
        'RotationStepSucceeded Count',
      ]);
      for (const metric of ofStep) expect(metric.dimensions).toEqual(dimensions(step));
      expect(ofStep.find(({ name }) => name === 'RotationStepSucceeded')?.value).toBe(1);
    }
  });

  it('counts a completed rotation once, however often finishSecret is repeated', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    for (const step of [...STEPS, 'finishSecret'] as const) await invokeStep(handlerOf(), step, arn, token);
    expect(output.metrics().filter(({ name }) => name === 'RotationCompleted')).toHaveLength(1);
    expect(output.metrics().filter(({ name }) => name === 'RotationStepSucceeded')).toHaveLength(5);
  });
});

describe('a step that fails', () => {
  it.each([
    ['a named error', new DatabaseRefused('db.example.com refuses.'), 'DatabaseRefused'],
    ['an error that nobody foresaw', new TypeError('undefined is not a function'), 'Unexpected'],
  ])('with %s logs one line and counts it by its code', async (_, error, errorCode) => {
    const { arn, token, failure } = await failSet(error);
    expect(failure).toMatchObject({ name: error.name, message: error.message });
    const outcome = { secretArn: arn, version: token, step: 'setSecret', outcome: 'failed', errorCode };
    const lines = output.logs().slice(1);
    expect(lines).toEqual([expect.objectContaining({ level: 'ERROR', ...outcome })]);
    expect(lines[0]?.['durationMs']).toBeTypeOf('number');
    expect(JSON.stringify(lines)).toContain(error.message);

    const step = { function: 'test-function', step: 'setSecret' };
    const counted = output.metrics().filter(({ dimensions }) => dimensions['step'] === 'setSecret');
    expect(counted.map(({ name, dimensions }) => [name, dimensions])).toEqual(
      expect.arrayContaining([
        ['RotationStepFailed', step],
        ['RotationStepFailed', { ...step, errorCode }],
        ['RotationStepDuration', step],
      ]),
    );
    expect(counted).toHaveLength(3);
  });

  it('puts no ARN, version or message into a metric', async () => {
    const { arn, token } = await failSet(new DatabaseRefused('db.example.com refuses.'));
    const text = JSON.stringify(output.metrics());
    for (const unbounded of [arn, token, 'db.example.com']) expect(text).not.toContain(unbounded);
  });

  it('because its event is none says so before any call', async () => {
    const event = { Step: 'createSecret', SecretId: 'app', ClientRequestToken: 'short', password: 'canary-4711' };
    const failure = await failureOf(
      handlerOf()(event, { functionName: 'test-function', getRemainingTimeInMillis: () => 30_000 }),
    );
    expect(failure).toMatchObject({ name: 'InvalidEvent', message: expect.stringContaining('ClientRequestToken') });
    expect(output.logs()).toEqual([expect.objectContaining({ level: 'ERROR', errorCode: 'InvalidEvent' })]);
    expect(output.metrics().map(({ dimensions }) => dimensions)).toContainEqual({
      function: 'test-function',
      step: 'unknown',
      errorCode: 'InvalidEvent',
    });
    expect(output.text()).not.toContain('canary-4711');
  });

  it.each([
    ['a string', 'broken'],
    ['nothing', undefined],
    ['an object that cannot become text', Object.create(null)],
    ['an error without a message', Object.assign(new Error('x'), { message: undefined })],
    ['an error whose message is an object', Object.assign(new Error('x'), { message: { detail: 'x' } })],
    ['an error that is its own cause', selfCaused()],
  ])('by throwing %s still throws an error and logs it', async (_, thrown) => {
    const { failure } = await failSet(thrown);
    expect(failure).toBeInstanceOf(Error);
    expect(output.logs().at(-1)).toMatchObject({ outcome: 'failed', errorCode: 'Unexpected' });
  });
});

function selfCaused(): Error {
  const error = new Error('again');
  error.cause = error;
  return error;
}

describe('no secret value gets out', () => {
  const forms = (canary: string) => [
    canary,
    encodeURIComponent(canary),
    JSON.stringify(canary).slice(1, -1),
    Buffer.from(canary).toString('base64').replace(/=+$/, ''),
    Buffer.from(canary).toString('base64url'),
  ];
  const canaryFor = (role: string) => `${role} ü"\\/'<&%> ${randomBytes(6).toString('hex')}`;

  it('whatever was read, made or quoted, at DEBUG and with events logged', async () => {
    vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'DEBUG');
    vi.stubEnv('POWERTOOLS_LOGGER_LOG_EVENT', 'true');
    vi.resetModules();
    const fresh = await import('../../../shared/rotation/handler.ts');

    const canaries = ['current', 'candidate', 'superuser'].map(canaryFor);
    const [current = '', candidate = '', superuser = ''] = canaries;
    const unknownField = canaryFor('event');
    const arn = protocol.createSecret(current);
    const other = protocol.createSecret(JSON.stringify({ username: 'admin-user', password: superuser }));
    const token = protocol.beginRotation(arn);
    const rotationToken = `rotation-token-${randomBytes(12).toString('hex')}`;
    const everyForm = [...canaries.flatMap(forms), rotationToken];

    const leaky = async (): Promise<never> => {
      const cause = new AggregateError([new Error(everyForm.join('\n'))], everyForm.join(' '), { cause: selfCaused() });
      cause.cause = new Error(`for admin-user: ${everyForm.join(' ')}`);
      throw Object.assign(new Error(`admin-user at db.example.com: ${everyForm.join(', ')}`, { cause }), {
        code: current,
        parameters: everyForm,
        request: { body: candidate },
      });
    };
    const strategy: Strategy<string> = {
      ...targetStrategy(target),
      create: async (versions) => {
        await versions.current();
        return stringValue(candidate);
      },
      async set(versions, context) {
        await versions.current();
        await context.readOtherSecret(other);
        context.warn(`tried ${current}`, { with: superuser });
        return leaky();
      },
      async test(versions, context) {
        await versions.current();
        await context.readOtherSecret(other);
        return leaky();
      },
      async finish(versions, context) {
        await Promise.all([versions.current(), versions.previous()]);
        await context.readOtherSecret(other);
        return leaky();
      },
    };
    const handler = fresh.rotationHandler(strategy, protocol.client);
    const failures: unknown[] = [];
    for (const Step of STEPS) {
      const event = {
        Step,
        SecretId: arn,
        ClientRequestToken: token,
        RotationToken: rotationToken,
        hint: unknownField,
      };
      const lambda = { functionName: 'f', getRemainingTimeInMillis: () => 30_000 };
      await handler(event, lambda).catch((error: unknown) => failures.push(error));
    }
    expect(failures).toHaveLength(2);
    expect(protocol.stages(arn)['AWSCURRENT']).toBe(token);

    const secret = [...everyForm, ...forms(unknownField)];
    const seen = [output.text(), ...failures.map((error) => inspect(error, { depth: 20, showHidden: true }))].join(
      '\n',
    );
    const unescaped = [seen, seen.replaceAll('\\\\', '\\').replaceAll('\\"', '"')];
    for (const text of unescaped) expect(secret.filter((form) => text.includes(form))).toEqual([]);
    expect(seen).toContain('admin-user at db.example.com');
    expect(seen).toContain(arn);
    const logged = output.logs().filter(({ level }) => level !== 'ERROR');
    expect(JSON.stringify(logged)).toContain('"Step":"createSecret"');
  });

  it('not even a candidate that was refused before it was stored', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    interceptCalls(protocol.client, ({ operation, input }, perform) =>
      operation === 'PutSecretValue' ? Promise.reject(new Error(`Cannot send ${input['SecretString']}`)) : perform(),
    );
    const failure = await failureOf(
      invokeStep(handlerOf({ create: async () => stringValue('canary-4711') }), 'createSecret', arn, token),
    );
    expect(failure).toMatchObject({ message: expect.stringContaining('Cannot send [redacted]') });
    expect(`${inspect(failure, { depth: 9 })} ${output.text()}`).not.toContain('canary-4711');
  });

  it('and unknown fields of the event are not logged', async () => {
    vi.stubEnv('POWERTOOLS_LOGGER_LOG_EVENT', 'true');
    vi.resetModules();
    const fresh = await import('../../../shared/rotation/handler.ts');
    const arn = protocol.createSecret('first');
    const event = {
      Step: 'createSecret',
      SecretId: arn,
      ClientRequestToken: protocol.beginRotation(arn),
      hint: 'canary-4711',
    };
    await fresh.rotationHandler(targetStrategy(target), protocol.client)(event, {
      functionName: 'f',
      getRemainingTimeInMillis: () => 30_000,
    });
    expect(output.text()).toContain('"Step":"createSecret"');
    expect(output.text()).not.toContain('canary-4711');
  });

  it('while the ARN stays readable, even if the value is a part of it', async () => {
    const arn = protocol.createSecret('123456789012');
    const token = protocol.beginRotation(arn);
    target.accepts = '123456789012';
    for (const step of STEPS) await invokeStep(handlerOf(), step, arn, token);
    for (const line of output.logs()) expect(line).toMatchObject({ secretArn: arn, version: token });
  });
});

describe('a library that throws where nobody catches', () => {
  it.each<[string, () => void]>([
    ['in a callback', () => setImmediate(() => throwNow())],
    ['in a promise that is not waited for', () => void Promise.resolve().then(throwNow)],
  ])('%s fails the step by name, with one line and one metric, and ends the process', async (_, stray) => {
    const ended = vi.fn();
    // The test's own listeners would fail the run.
    const listeners = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    onTestFinished(() => void listeners.map((listener) => process.on('unhandledRejection', listener)));
    const set = () => {
      stray();
      return new Promise<void>(() => {});
    };
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    const handler = rotationHandler({ ...targetStrategy(target), set }, protocol.client, ended);
    await invokeStep(handler, 'createSecret', arn, token);
    const before = output.logs().length;
    const failure = await failureOf(invokeStep(handler, 'setSecret', arn, token));
    expect(failure).toMatchObject({ name: 'Unreachable', message: expect.stringContaining('out of bounds') });
    expect(output.logs().slice(before)).toEqual([
      expect.objectContaining({ level: 'ERROR', step: 'setSecret', errorCode: 'Unreachable' }),
    ]);
    expect(ended).toHaveBeenCalledOnce();
  });
});

function throwNow(): never {
  throw new RangeError('out of bounds');
}
