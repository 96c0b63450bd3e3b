import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { build as bundle, type Metafile } from 'esbuild';
import { builtinsWithoutCopies } from './build/builtins.ts';
import { type LeftOut, leaveOut, refuseStaleEntries, versionsOnly } from './build/left-out.ts';

export interface BuildOptions {
  /** The folder with one folder per function. */
  readonly functions?: string;
  /** Where `<function>/index.mjs` and its source map go. */
  readonly dist?: string;
}

export interface Bundle {
  readonly functionName: string;
  readonly file: string;
  readonly bytes: number;
  /** What is inside: the path of each source file, relative to this folder, and the bytes it takes. */
  readonly sources: ReadonlyMap<string, number>;
}

/**
 * Bundles every function. Files appear under their names only when they are whole, so that a reader, or another
 * build at the same time, never meets half of one.
 */
export async function build(options: BuildOptions = {}): Promise<readonly Bundle[]> {
  const functions = resolve(options.functions ?? join(import.meta.dirname, 'functions'));
  const dist = resolve(options.dist ?? join(import.meta.dirname, 'dist'));
  const folders = (await readdir(functions, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  return await Promise.all(folders.map(({ name }) => buildFunction(name, join(functions, name, 'handler.ts'), dist)));
}

async function buildFunction(functionName: string, entry: string, dist: string): Promise<Bundle> {
  const file = join(dist, functionName, 'index.mjs');
  const matched = new Set<LeftOut>();
  const { outputFiles, metafile } = await bundle({
    entryPoints: [entry],
    outfile: file,
    absWorkingDir: import.meta.dirname,
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    legalComments: 'none',
    sourcemap: 'linked',
    sourcesContent: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    plugins: [leaveOut(matched), versionsOnly, builtinsWithoutCopies],
    logLevel: 'silent',
  });
  refuseStaleEntries(metafile, matched);
  // The map comes first: there is no moment with a new bundle and no map.
  for (const output of outputFiles.toSorted((a, b) => b.path.length - a.path.length)) {
    await writeWhole(output.path, output.contents);
  }
  const { bytes, sources } = contentOf(metafile);
  return { functionName, file, bytes, sources };
}

async function writeWhole(path: string, content: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function contentOf({ outputs }: Metafile): Pick<Bundle, 'bytes' | 'sources'> {
  const output = Object.values(outputs).find(({ entryPoint }) => entryPoint !== undefined);
  if (output === undefined) throw new Error('esbuild reported no output.');
  const sources = Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return {
    bytes: output.bytes,
    sources: new Map(sources.map(([path, { bytesInOutput }]) => [path, bytesInOutput])),
  };
}

if (import.meta.main) {
  for (const { functionName, bytes } of await build()) {
    console.log(`${functionName.padEnd(32)} ${(bytes / 1000).toFixed(1)} kB`);
  }
}
