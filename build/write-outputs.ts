import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface Output {
  readonly path: string;
  readonly contents: Uint8Array;
}

/** A part beside the bundle, named after what it holds: another content has another name. */
const CHUNK_FILE = /^(?<chunk>[\w.-]+-[A-Z0-9]{8}\.mjs)(?:\.map)?$/;
/** How a bundle or another chunk refers to it; bounded, for bundles hold long words. */
const CHUNK_REFERENCE = /\.\/([\w.-]{1,100}-[A-Z0-9]{8}\.mjs)/g;

/** Lambda's own limit of an invocation: whoever loaded the old bundle may come for a chunk of it until then. */
const CHUNK_GRACE_MS = 15 * 60_000;

/**
 * Writes a bundle and its chunks. At every moment the bundle under its name is whole, and so is everything that it
 * refers to. Chunks that it no longer refers to go once no invocation can need them, at a later build.
 */
export async function writeOutputs(bundle: string, outputs: readonly Output[]): Promise<void> {
  const folder = dirname(bundle);
  const fallingOut = await chunksOf(folder, basename(bundle));
  await mkdir(folder, { recursive: true });
  for (const { path, contents } of outputs.toSorted((a, b) => order(a, bundle) - order(b, bundle))) {
    await writeWhole(path, contents);
  }
  await removeUnused(folder, new Set(outputs.map(({ path }) => basename(path))), fallingOut);
}

/** What refers to something comes after it: maps, chunks, the bundle. */
function order({ path }: Output, bundle: string): number {
  return path === bundle ? 2 : path.endsWith('.map') ? 0 : 1;
}

async function writeWhole(path: string, content: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The chunks that a file refers to, and what those refer to. */
async function chunksOf(folder: string, file: string, known = new Set<string>()): Promise<ReadonlySet<string>> {
  const text = await readFile(join(folder, file), 'utf8').catch(ifGone(''));
  for (const [, name = ''] of text.matchAll(CHUNK_REFERENCE)) {
    if (known.has(name)) continue;
    known.add(name);
    await chunksOf(folder, name, known);
  }
  return known;
}

async function removeUnused(folder: string, used: ReadonlySet<string>, fallingOut: ReadonlySet<string>): Promise<void> {
  const now = Date.now();
  for (const file of await readdir(folder)) {
    const { chunk } = CHUNK_FILE.exec(file)?.groups ?? {};
    if (chunk === undefined || used.has(file)) continue;
    const path = join(folder, file);
    // The time of a chunk that nobody refers to is when somebody last did. Another build may be as far as this one.
    if (fallingOut.has(chunk)) await utimes(path, new Date(now), new Date(now)).catch(ifGone(undefined));
    else if (now - (await lastUse(path)) > CHUNK_GRACE_MS) await rm(path, { force: true });
  }
}

async function lastUse(path: string): Promise<number> {
  return (await stat(path).catch(ifGone(undefined)))?.mtimeMs ?? Date.now();
}

function ifGone<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return instead;
    throw error;
  };
}
