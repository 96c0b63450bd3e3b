import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { build as bundle } from 'esbuild';
import { builtinsWithoutCopies } from './build/builtins.ts';
import { contentOf, importsLazily } from './build/contents.ts';
import { type LeftOut, leaveOut, refuseStaleEntries, versionsOnly } from './build/left-out.ts';
import { writeOutputs } from './build/write-outputs.ts';

export interface BuildOptions {
  /** The folder with one folder per function, each with a handler.ts. */
  readonly functions?: string;
  /** Where `<function>/index.mjs` goes, with its source map and with the chunks that it loads. */
  readonly dist?: string;
  /** The one function to build; all of them unless given. */
  readonly only?: string;
}

export interface Bundle {
  readonly functionName: string;
  readonly file: string;
  /** What a cold start loads: the bundle, and chunks that it shares with what it loads later. */
  readonly bytes: number;
  /** What is loaded only when the function asks for it. */
  readonly lazyBytes: number;
  /** All that is deployed: the bundle, its chunks, and their source maps; absolute paths. */
  readonly files: readonly string[];
  /** What is inside all of it: the path of each source file, relative to this folder, and the bytes it takes. */
  readonly sources: ReadonlyMap<string, number>;
}

/**
 * Bundles every function, or only one. Files appear under their names only when they are whole, so that a reader, or another
 * build at the same time, never meets half of one.
 */
export function build(options: BuildOptions = {}): Promise<readonly Bundle[]> {
  const { functions = join(import.meta.dirname, 'functions'), dist, only } = options;
  return buildEach(functions, '', dist, only);
}

/** Bundles the Lambdas that watch over rotations, as `operations-<name>`: they rotate nothing. */
export function buildOperations({ dist }: Pick<BuildOptions, 'dist'> = {}): Promise<readonly Bundle[]> {
  return buildEach(join(import.meta.dirname, 'infra', 'operations'), 'operations-', dist);
}

async function buildEach(
  folder: string,
  prefix: string,
  dist = join(import.meta.dirname, 'dist'),
  only?: string,
): Promise<readonly Bundle[]> {
  const folders = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const wanted = folders.filter(({ name }) => only === undefined || name === only);
  return await Promise.all(
    wanted.map(({ name }) => buildFunction(`${prefix}${name}`, resolve(folder, name, 'handler.ts'), resolve(dist))),
  );
}

async function buildFunction(functionName: string, entry: string, dist: string): Promise<Bundle> {
  const file = join(dist, functionName, 'index.mjs');
  const whole = await bundled(entry, file, {});
  // In several files only where a part is to be loaded later: splitting also parts what dependencies import lazily.
  const { outputFiles, metafile } = importsLazily(whole.metafile)
    ? await bundled(entry, file, { splitting: true })
    : whole;
  const contents = contentOf(metafile);
  const written = outputFiles.filter(({ path }) => contents.files.has(path.replace(/\.map$/, '')));
  await writeOutputs(file, written);
  return { functionName, file, ...contents, files: written.map(({ path }) => path) };
}

async function bundled(entry: string, file: string, options: { readonly splitting?: boolean }) {
  const matched = new Set<LeftOut>();
  const result = await bundle({
    ...options,
    entryPoints: [{ in: entry, out: 'index' }],
    outdir: dirname(file),
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
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
  refuseStaleEntries(result.metafile, matched);
  return result;
}

if (import.meta.main) {
  for (const { functionName, bytes, lazyBytes } of [...(await build()), ...(await buildOperations())]) {
    const later = lazyBytes > 0 ? `, and ${(lazyBytes / 1000).toFixed(1)} kB when asked for` : '';
    console.log(`${functionName.padEnd(32)} ${(bytes / 1000).toFixed(1)} kB${later}`);
  }
}
