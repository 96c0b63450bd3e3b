import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run replay -- EVENT_FILE --function FOLDER [options]

  EVENT_FILE          a JSON file with one event, or an array of events; see events/
  --function FOLDER   a folder of functions/, such as random-password
  --endpoint URL      use the secrets of a Secrets Manager that is already running; nothing is seeded
  --secret FILE       the first value of the seeded secret, instead of the one made for the function
  --env NAME=VALUE    an environment variable of the function; may be repeated
  --timeout SECONDS   the function's time limit (30)`;

/** What the person asked for cannot be done as it is written. */
export class UsageError extends Error {}

export interface ReplayArguments {
  readonly events: readonly unknown[];
  readonly functionName: string;
  readonly endpoint: string | undefined;
  readonly secretString: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** @throws UsageError */
export async function readArguments(argv: readonly string[]): Promise<ReplayArguments> {
  const { values, positionals } = parse(argv);
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError('Name one event file.');
  if (values.function === undefined)
    throw new UsageError('Name the function with --function, such as random-password.');
  const seconds = Number(values.timeout);
  if (!(seconds >= 1 && seconds <= 900)) throw new UsageError('--timeout must be from 1 to 900 seconds, as on Lambda.');
  if (values.endpoint !== undefined && !URL.canParse(values.endpoint))
    throw new UsageError('--endpoint must be a URL.');
  return {
    events: [parseJson(await read(file), file)].flat(),
    functionName: values.function,
    endpoint: values.endpoint,
    secretString: values.secret === undefined ? undefined : await read(values.secret),
    environment: Object.fromEntries(values.env.map(assignment)),
    timeoutMs: seconds * 1_000,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        function: { type: 'string' },
        endpoint: { type: 'string' },
        secret: { type: 'string' },
        env: { type: 'string', multiple: true, default: [] },
        timeout: { type: 'string', default: '30' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function assignment(text: string): [string, string] {
  const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new UsageError('--env must be NAME=VALUE.');
  return [name, value];
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    throw new UsageError(`${file} cannot be read.`);
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`${file} is not JSON.`);
  }
}
