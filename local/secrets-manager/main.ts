import { parseArgs } from 'node:util';
import { startLocalStack } from '../local-stack.ts';

const usage =
  'npm run secrets-manager -- [--port 4566] [--region us-east-1] [--ms-per-day 86400000] [--retries 2] [--retry-delay-ms 1000]';
const day = 86_400_000;

function refuse(reason: string): never {
  console.error(`${reason} Usage: ${usage}`);
  process.exit(2);
}

function readArguments() {
  try {
    const options = {
      port: { type: 'string', default: '4566' },
      region: { type: 'string', default: 'us-east-1' },
      'ms-per-day': { type: 'string' },
      retries: { type: 'string', default: '2' },
      'retry-delay-ms': { type: 'string', default: '1000' },
    } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    // The parser's advice runs over several sentences; the first says what is wrong.
    return refuse(`${error instanceof Error ? error.message.split(/\.\s/)[0]?.replace(/\.?$/, '.') : error}`);
  }
}

function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) refuse(`${flag} must be a whole number from ${min} to ${max}.`);
  return value;
}

const flags = readArguments();
const port = wholeNumber('--port', flags.port, 0, 65_535);
if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(flags.region)) refuse('--region must be the name of an AWS region.');
const perDay = flags['ms-per-day'];
const millisecondsPerDay = perDay === undefined ? day : wholeNumber('--ms-per-day', perDay, 1000, day);

try {
  // Rotations run the bundles in dist/, as they are at that moment; without them RotateSecret says so.
  const stack = await startLocalStack({
    port,
    region: flags.region,
    millisecondsPerDay,
    retries: wholeNumber('--retries', flags.retries, 0, 100),
    retryDelayMs: wholeNumber('--retry-delay-ms', flags['retry-delay-ms'], 0, 3_600_000),
    // Twenty-four times a day of the schedule, but at least once a minute.
    scheduleEveryMs: Math.min(60_000, Math.max(20, millisecondsPerDay / 24)),
  });
  console.log(`Secrets Manager is ready at ${stack.service.endpoint} (region ${flags.region})`);
  // RotateSecret has answered long before a rotation fails: only here can its caller learn why.
  stack.service.onProgress((progress) => {
    if (progress.kind !== 'ended' || progress.result.outcome === 'succeeded') return;
    const { secretName, outcome, failure } = progress.result;
    const why = failure === undefined ? '' : ` in ${failure.step}: ${failure.reason}`;
    console.error(`${secretName}: rotation ${outcome}${why}`);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stack.close());
} catch (error) {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  console.error(
    code === 'EADDRINUSE' ? `Port ${port} is taken. Choose another one with --port, or 0 for any free one.` : error,
  );
  process.exitCode = 1;
}
