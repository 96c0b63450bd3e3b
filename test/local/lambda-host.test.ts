import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Invocation } from '../../local/invocation.ts';
import { type LambdaHost, type LambdaHostOptions, startLambdaHost } from '../../local/lambda-host.ts';

let dist = '';
const hosts: LambdaHost[] = [];

beforeAll(async () => {
  dist = await mkdtemp(join(tmpdir(), 'lambda-host-'));
});

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()));
});

afterAll(() => rm(dist, { recursive: true }));

/** Puts a bundle where the build would; `body` is the body of the handler. */
async function bundle(functionName: string, body: string, top = ''): Promise<void> {
  await mkdir(join(dist, functionName), { recursive: true });
  const source = `${top}\nexport const handler = async (event, context) => {\n${body}\n};\n`;
  await writeFile(join(dist, functionName, 'index.mjs'), source);
}

function host(options: Partial<LambdaHostOptions> = {}): LambdaHost {
  const started = startLambdaHost({ dist, ...options });
  hosts.push(started);
  return started;
}

function payloadOf(invocation: Invocation): unknown {
  expect(invocation).toMatchObject({ outcome: 'returned' });
  return invocation.outcome === 'returned' ? invocation.payload : undefined;
}

function errorOf(invocation: Invocation) {
  if (invocation.outcome !== 'failed') throw new Error('The invocation did not fail');
  return invocation.error;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function ended(pid: unknown): Promise<void> {
  expect(Number(pid)).toBeGreaterThan(0);
  await vi.waitFor(() => expect(isRunning(Number(pid))).toBe(false), { timeout: 10_000 });
}

describe('which functions it has', () => {
  beforeAll(() => bundle('known', 'return context.invokedFunctionArn;'));

  it.each([
    ['its ARN', 'arn:aws:lambda:eu-west-1:123456789012:function:known', true],
    ['its ARN with an alias', 'arn:aws:lambda:eu-west-1:123456789012:function:known:live', true],
    ['its ARN with a version', 'arn:aws:lambda:eu-west-1:123456789012:function:known:$LATEST', true],
    ['its name', 'known', true],
    ['the ARN of a function without a bundle', 'arn:aws:lambda:eu-west-1:123456789012:function:unknown', false],
    ['the ARN of another account', 'arn:aws:lambda:eu-west-1:999999999999:function:known', false],
    ['the ARN of something else', 'arn:aws:sns:eu-west-1:123456789012:known', false],
    ['a way out of the folder', '../known', false],
    ['nothing', '', false],
  ])('answers to %s', (_what, functionArn, known) => {
    expect(host().has(functionArn)).toBe(known);
  });

  it('tells the function the ARN that was invoked, alias included', async () => {
    const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:known:live';
    expect(payloadOf(await host().invoke(arn, {}))).toBe(arn);
  });

  it('fails the invocation of a function that it does not have', async () => {
    expect(errorOf(await host().invoke('unknown', {})).errorType).toBe('ResourceNotFoundException');
  });
});

describe('a function that returns', () => {
  it('sees the event, and nothing of it in its arguments or its environment', async () => {
    await bundle('echo', 'return { event, arguments: process.argv.join(), environment: JSON.stringify(process.env) };');
    const event = { Step: 'createSecret', RotationToken: 'not-for-everyone' };
    const seen = payloadOf(await host().invoke('echo', event));
    expect(seen).toMatchObject({ event });
    expect(JSON.stringify({ ...Object(seen), event: undefined })).not.toContain('not-for-everyone');
  });

  it('answers null when it returns nothing', async () => {
    await bundle('silent', '');
    expect(payloadOf(await host().invoke('silent', {}))).toBeNull();
  });

  it('finds what it was given and what Lambda sets in its environment, and nothing else', async () => {
    vi.stubEnv('OF_THE_HOST', 'private');
    onTestFinished(() => void vi.unstubAllEnvs());
    await bundle('environment', 'return process.env;');
    const environment = payloadOf(
      await host({
        environment: { AWS_REGION: 'eu-central-1', SHARED: 'yes', AWS_LAMBDA_FUNCTION_NAME: 'reserved' },
        functionEnvironment: (name) => ({ OWN: name }),
        memorySizeInMB: 256,
      }).invoke('arn:aws:lambda:eu-west-1:123456789012:function:environment', {}),
    );
    expect(environment).toEqual({
      SHARED: 'yes',
      OWN: 'environment',
      LANG: 'en_US.UTF-8',
      TZ: ':UTC',
      PATH: expect.any(String),
      _HANDLER: 'index.handler',
      _X_AMZN_TRACE_ID: expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};/),
      AWS_REGION: 'eu-central-1',
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_LAMBDA_FUNCTION_NAME: 'environment',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/environment',
      AWS_LAMBDA_LOG_STREAM_NAME: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/),
      LAMBDA_TASK_ROOT: join(dist, 'environment'),
    });
  });

  it('gets the context that Lambda gives', async () => {
    await bundle('context', 'return { ...context, remaining: context.getRemainingTimeInMillis() };');
    const context = payloadOf(await host({ timeoutMs: 20_000 }).invoke('context', {}));
    expect(context).toEqual({
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:context',
      functionName: 'context',
      functionVersion: '$LATEST',
      memoryLimitInMB: '128',
      logGroupName: '/aws/lambda/context',
      logStreamName: expect.stringContaining('[$LATEST]'),
      remaining: expect.any(Number),
    });
    const { remaining } = Object(context);
    expect(remaining).toBeGreaterThan(10_000);
    expect(remaining).toBeLessThanOrEqual(20_000);
  });

  it('has every line that it wrote in the log of its invocation, the last one without a line end too', async () => {
    await bundle(
      'talker',
      `for (let i = 0; i < 4000; i++) console.log('out ' + event.round + ' ' + i + ' ' + 'x'.repeat(40));
       console.error('err ' + event.round);
       process.stdout.write('no line end');`,
      `console.log('while loading');`,
    );
    const lines: string[] = [];
    const talkative = host({ onLogLine: (line, functionName) => lines.push(`${functionName}: ${line}`) });
    const wanted = (round: number) => [
      ...Array.from({ length: 4000 }, (_, i) => `out ${round} ${i} ${'x'.repeat(40)}`),
      'no line end',
    ];
    const first = await talkative.invoke('talker', { round: 1 });
    expect(first.log.filter((line) => line !== 'err 1')).toEqual(['while loading', ...wanted(1)]);
    expect(first.log).toContain('err 1');
    const second = await talkative.invoke('talker', { round: 2 });
    expect(second.log.filter((line) => line !== 'err 2')).toEqual(wanted(2));
    expect(second.log).toContain('err 2');
    expect(lines).toEqual([...first.log, ...second.log].map((line) => `talker: ${line}`));
  });
});

describe('a function that fails', () => {
  it('gives name, message and stack of what its handler threw, and logs it with its causes', async () => {
    await bundle(
      'thrower',
      `throw Object.assign(new Odd('outer message', { cause: new Error('inner message') }), { extra: 'own property' });`,
      `class Odd extends Error { name = 'OddError'; }`,
    );
    const invocation = await host().invoke('thrower', {});
    const error = errorOf(invocation);
    expect(error).toMatchObject({ errorType: 'OddError', errorMessage: 'outer message' });
    expect(error.trace.slice(1).every((line) => line.startsWith('    at '))).toBe(true);
    const logged = invocation.log.find((line) => line.includes('\tERROR\tInvoke Error \t'));
    const json: unknown = JSON.parse(logged?.split('Invoke Error \t')[1] ?? '');
    expect(json).toMatchObject({
      errorType: 'OddError',
      errorMessage: 'outer message',
      extra: 'own property',
      stack: error.trace,
      cause: { errorType: 'Error', errorMessage: 'inner message' },
    });
  });

  const rejection = 'Runtime.UnhandledPromiseRejection';
  it.each([
    ['throws a string', `throw 'text';`, '', 'string', 'text'],
    [
      'throws a circular error',
      'const e = new Error("round"); e.cause = e; e.o = { e }; throw e;',
      '',
      'Error',
      'round',
    ],
    ['exits', 'process.exit(3);', '', 'Runtime.ExitError', /Runtime exited with error: exit status 3$/],
    ['exits with success', 'process.exit(0);', '', 'Runtime.ExitError', /Runtime exited without providing a reason$/],
    [
      'forgets a rejection',
      `Promise.reject(new TypeError('lost')); await new Promise(() => {});`,
      '',
      rejection,
      'TypeError: lost',
    ],
    [
      'throws outside of its promise',
      `setImmediate(() => { throw new RangeError('loose'); }); await new Promise(() => {});`,
      '',
      'RangeError',
      'loose',
    ],
    ['does not load', '', `throw new SyntaxError('no module');`, 'SyntaxError', 'no module'],
    ['exits while it loads', '', 'process.exit(4);', 'Runtime.ExitError', /exit status 4$/],
    ['returns what is no JSON', 'return 1n;', '', 'Runtime.MarshalError', 'Unable to stringify response body'],
  ])('fails when it %s', async (_what, body, top, errorType, message) => {
    await bundle('failing', body, `console.log('last words');${top}`);
    const invocation = await host().invoke('failing', {});
    const errorMessage = typeof message === 'string' ? message : expect.stringMatching(message);
    expect(errorOf(invocation)).toMatchObject({ errorType, errorMessage });
    expect(invocation.log).toContain('last words');
  });

  it('fails when its bundle exports no handler', async () => {
    await mkdir(join(dist, 'empty'), { recursive: true });
    await writeFile(join(dist, 'empty', 'index.mjs'), 'export const other = 1;');
    expect(errorOf(await host().invoke('empty', {})).errorType).toBe('Runtime.HandlerNotFound');
  });

  it.each([
    ['waits', 'await new Promise(() => {});'],
    ['is busy', 'for (;;);'],
  ])('is killed at its time limit while it %s', async (_what, body) => {
    await bundle('slow', `console.log(process.pid);\n${body}`);
    const invocation = await host({ timeoutMs: 500 }).invoke('slow', {});
    expect(errorOf(invocation).errorType).toBe('Sandbox.Timedout');
    expect(errorOf(invocation).errorMessage).toMatch(/ Task timed out after 0\.50 seconds$/);
    expect(invocation.log.at(-1)).toBe(errorOf(invocation).errorMessage);
    expect(invocation.durationMs).toBeGreaterThanOrEqual(500);
    await ended(invocation.log[0]);
  });
});

describe('processes', () => {
  const pid = async (lambdas: LambdaHost, event: object = {}) => {
    const invocation = await lambdas.invoke('process', event);
    return Number(invocation.log[0]);
  };

  beforeAll(() =>
    bundle(
      'process',
      `console.log(process.pid); if (event.fail) throw new Error('asked for'); if (event.hang) await new Promise(() => {});`,
    ),
  );

  it('stay warm for the next invocation', async () => {
    const lambdas = host();
    expect(await pid(lambdas)).toBe(await pid(lambdas));
  });

  it('serve one invocation at a time', async () => {
    const lambdas = host();
    const pids = await Promise.all([pid(lambdas), pid(lambdas), pid(lambdas)]);
    expect(new Set(pids).size).toBe(3);
    expect(pids).toContain(await pid(lambdas));
  });

  it('are not used again after a failure', async () => {
    const lambdas = host();
    const first = await pid(lambdas);
    expect(await pid(lambdas, { fail: true })).toBe(first);
    expect(await pid(lambdas)).not.toBe(first);
    await ended(first);
  });

  it('are not used again once the bundle is rebuilt', async () => {
    await bundle('rebuilt', 'return 1;');
    const lambdas = host();
    expect(payloadOf(await lambdas.invoke('rebuilt', {}))).toBe(1);
    await rm(join(dist, 'rebuilt'), { recursive: true });
    await bundle('rebuilt', 'return 2;');
    expect(payloadOf(await lambdas.invoke('rebuilt', {}))).toBe(2);
  });

  it('are killed together, which fails what runs, and the host goes on', async () => {
    const lambdas: LambdaHost = host({ onLogLine: (line) => running.resolve(line) });
    const running = Promise.withResolvers<string>();
    const invocation = lambdas.invoke('process', { hang: true });
    const first = await running.promise;
    lambdas.kill();
    expect(errorOf(await invocation)).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(/Runtime exited with error: signal: killed$/),
    });
    await ended(first);
    expect(await pid(lambdas)).not.toBe(Number(first));
  });

  it('are gone after close', async () => {
    const lambdas = host();
    const [first, second] = await Promise.all([pid(lambdas), pid(lambdas)]);
    await lambdas.close();
    expect([first, second].map((id) => isRunning(Number(id)))).toEqual([false, false]);
    expect(errorOf(await lambdas.invoke('process', {})).errorType).toBe('ResourceNotFoundException');
  });

  it('do not outlive a host that is killed', async () => {
    const source = `import { startLambdaHost } from ${JSON.stringify(new URL('../../local/lambda-host.ts', import.meta.url).href)};
      await startLambdaHost({ dist: ${JSON.stringify(dist)}, onLogLine: (line) => console.log(line) }).invoke('process', { hang: true });`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [line] = await once(createInterface(parent.stdout), 'line');
    expect(isRunning(Number(line))).toBe(true);
    parent.kill('SIGKILL');
    await ended(line);
  });
});
