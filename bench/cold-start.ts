import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { functionEnvironment } from '../local/local-stack.ts';
import { type Protocol, startProtocol } from '../test/support/protocol.ts';
import type { Figure } from './figure.ts';

const REPETITIONS = 30;
const WARM_UP = 3;
const ANSWERED = 'the step is answered';

/**
 * How long a fresh process takes to its first answered step, createSecret of a random password with its three calls,
 * in units of a bare Node process that makes one HTTP request to the same server. The two take turns, so that whatever
 * else the machine does weighs on both alike; medians are compared. The bare process says `import … from 'node:http'`
 * as anybody would, which loads undici too (see build/builtins.ts).
 */
export async function coldStart(bundle: string): Promise<Figure> {
  const protocol = await startProtocol();
  try {
    const times: { bare: number[]; step: number[] } = { bare: [], step: [] };
    for (let round = -WARM_UP; round < REPETITIONS; round++) {
      const bare = await timeToAnswer(protocol, bareRequest(protocol));
      const step = await timeToAnswer(protocol, firstStep(protocol, bundle));
      if (round < 0) continue;
      times.bare.push(bare);
      times.step.push(step);
    }
    const [bare, step] = [median(times.bare), median(times.step)];
    return {
      name: 'cold start, in bare Node processes',
      measured: step / bare,
      atMost: 1.8,
      unit: '',
      decimals: 2,
      detail: `${step.toFixed(1)} ms against ${bare.toFixed(1)} ms, medians of ${REPETITIONS}`,
    };
  } finally {
    await protocol.close();
  }
}

function bareRequest({ service }: Protocol): string {
  const options = {
    method: 'POST',
    headers: { 'x-amz-target': 'secretsmanager.ListSecrets', 'content-type': 'application/x-amz-json-1.1' },
  };
  return `
    import { request } from 'node:http';
    request(${JSON.stringify(service.endpoint)}, ${JSON.stringify(options)}, (response) => {
      response.resume().on('end', () => console.log(${JSON.stringify(ANSWERED)}));
    }).end('{"MaxResults":1}');`;
}

function firstStep(protocol: Protocol, bundle: string): string {
  const SecretId = protocol.createSecret('to be rotated');
  const event = { Step: 'createSecret', SecretId, ClientRequestToken: protocol.beginRotation(SecretId) };
  return `
    import { handler } from ${JSON.stringify(pathToFileURL(bundle).href)};
    await handler(${JSON.stringify(event)}, { functionName: 'random-password', getRemainingTimeInMillis: () => 30_000 });
    console.log(${JSON.stringify(ANSWERED)});`;
}

/** Milliseconds from the start of the process to its line. */
async function timeToAnswer({ service }: Protocol, script: string): Promise<number> {
  const environment = {
    ...functionEnvironment(service.endpoint),
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    TZ: ':UTC',
  };
  const began = performance.now();
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    said += chunk;
    if (!said.includes(ANSWERED)) continue;
    const time = performance.now() - began;
    child.kill('SIGKILL');
    return time;
  }
  throw new Error(`The process ended without an answer: ${said}`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
