import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Database servers refuse to run as root, or should: `nobody` of every Linux and macOS has a name, and no rights. */
export const NOBODY = { uid: 65_534, gid: 65_534 };

/** What a child has written to its standard error so far; the end of it if it is long. */
export function saidBy(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk).slice(-4_000);
  });
  return () => text;
}

/** @throws Error with what the child said, unless it ends with 0 */
export async function succeeded(child: ChildProcess, what: string): Promise<void> {
  const said = saidBy(child);
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`${what} could not be set up (${signal ?? code}): ${said()}`);
}

/** @throws Error with what the child said, if it ends before it says that it is ready */
export async function ready(child: ChildProcess, pattern: RegExp, what: string): Promise<void> {
  const said = saidBy(child);
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', () => pattern.test(said()) && resolve());
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`${what} did not start: ${said()}`)));
  });
}

export interface SpawnAs {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid?: number;
  readonly gid?: number;
}

/** Runs a program to its end with this text as its input, so that no secret stands in its arguments. */
export async function runWithInput(
  [program, ...args]: readonly [string, ...string[]],
  input: string,
  as: SpawnAs,
  what: string,
): Promise<void> {
  const child = spawn(program, args, { ...as, stdio: ['pipe', 'ignore', 'pipe'] });
  feed(child.stdin, input);
  await succeeded(child, what);
}

function feed(stdin: Writable, input: string): void {
  // A program that ends before it has read everything says why on its standard error.
  stdin.on('error', () => {});
  stdin.end(input);
}
