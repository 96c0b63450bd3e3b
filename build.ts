import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { build as bundle, type Metafile, type Plugin } from 'esbuild';

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

interface LeftOut {
  /** What is imported, and the package that imports it. */
  readonly specifier: string;
  readonly by: string;
  /** The module that stands in its place. */
  readonly instead: string;
}

/** What dependencies import and no function ever runs. Each entry fails the build once it matches nothing. */
const leftOut: readonly LeftOut[] = [
  {
    // Credentials are always given (secrets-manager-client.ts); the chain brings four SDK clients of its own.
    specifier: '@aws-sdk/credential-provider-node',
    by: '@aws-sdk/client-secrets-manager',
    instead: `export const defaultProvider = () => async () => { throw new Error('Credentials come from the environment only.'); };`,
  },
  {
    // No operation of Secrets Manager streams events. As a dynamic import it would also keep whole modules from being
    // shaken, since it shares them.
    specifier: '@smithy/core/event-streams',
    by: '@smithy/core',
    instead: `export class EventStreamSerde { constructor() { throw new Error('Event streams are not in this bundle.'); } }
      export const eventStreamSerdeProvider = undefined;`,
  },
  {
    // The environment is the only configuration; a Lambda has no ~/.aws to read.
    specifier: '../shared-ini-file-loader/loadSharedConfigFiles',
    by: '@smithy/core',
    instead: 'export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });',
  },
  // The drivers open single connections from Node itself, with passwords from the secret.
  { specifier: './native', by: 'pg', instead: `throw new Error('pg-native is not in this bundle.');` },
  { specifier: 'pg-cloudflare', by: 'pg', instead: 'module.exports = {};' },
  { specifier: 'pgpass', by: 'pg', instead: 'module.exports = (_connection, answer) => answer(undefined);' },
  {
    specifier: 'pg-pool',
    by: 'pg',
    instead: `module.exports = class { constructor() { throw new Error('pg-pool is not in this bundle.'); } };`,
  },
];

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
    plugins: [leaveOut(matched), builtinsWithoutCopies],
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

function leaveOut(matched: Set<LeftOut>): Plugin {
  return {
    name: 'leave-out',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /.*/ }, ({ path, importer }) => {
        const entry = leftOut.find(({ specifier, by }) => specifier === path && by === packageOf(importer));
        if (entry === undefined) return undefined;
        matched.add(entry);
        return { path: `${entry.by}/${path}`, namespace: 'left-out', sideEffects: false, pluginData: entry.instead };
      });
      onLoad({ filter: /.*/, namespace: 'left-out' }, ({ pluginData }) => ({ contents: pluginData }));
    },
  };
}

/**
 * `import … from 'node:http'` makes Node copy every export of the built-in module into an ES module, which calls its
 * lazy getters: http alone loads all of undici, some 15 ms of a cold start. `process.getBuiltinModule` does not. It
 * also serves `require` in CommonJS dependencies, so that no `createRequire` is needed.
 */
const builtinsWithoutCopies: Plugin = {
  name: 'builtins-without-copies',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?[a-z0-9_]+(\/[a-z0-9_]+)*$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '');
      if (!builtinModules.includes(name)) return undefined;
      return {
        path: name,
        namespace: kind === 'import-statement' ? 'node-import' : 'node-require',
        sideEffects: false,
      };
    });
    onLoad({ filter: /.*/, namespace: 'node-require' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('node:${path}');`,
    }));
    onLoad({ filter: /.*/, namespace: 'node-import' }, ({ path }) => ({ contents: namedExportsOf(path) }));
  },
};

/** Marked as pure, so that only the names that somebody imports are read from the built-in module. */
function namedExportsOf(builtin: string): string {
  const names = Object.keys(process.getBuiltinModule(`node:${builtin}`) ?? {}).filter((name) =>
    /^[A-Za-z]\w*$/.test(name),
  );
  return [
    `const builtin = /* @__PURE__ */ process.getBuiltinModule('node:${builtin}');`,
    'const read = (name) => builtin[name];',
    ...names.map((name) => `const $${name} = /* @__PURE__ */ read('${name}'); export { $${name} as ${name} };`),
    'export default builtin;',
  ].join('\n');
}

function refuseStaleEntries({ inputs }: Metafile, matched: ReadonlySet<LeftOut>): void {
  const packages = new Set(Object.keys(inputs).map(packageOf));
  for (const entry of leftOut) {
    if (packages.has(entry.by) && !matched.has(entry)) {
      throw new Error(
        `${entry.by} no longer imports ${entry.specifier}, which build.ts leaves out. Look for what it imports now and correct the entry in build.ts, or delete it.`,
      );
    }
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

/** The npm package that a file belongs to; undefined for a file of this project. */
export function packageOf(path: string): string | undefined {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path.replaceAll('\\', '/'))?.[1];
}

if (import.meta.main) {
  for (const { functionName, bytes } of await build()) {
    console.log(`${functionName.padEnd(32)} ${(bytes / 1000).toFixed(1)} kB`);
  }
}
