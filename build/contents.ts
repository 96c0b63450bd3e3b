import { resolve } from 'node:path';
import type { Metafile } from 'esbuild';
import { packageOf } from './package-of.ts';

export interface Contents {
  /** The entry point and every chunk that it can load, as absolute paths. */
  readonly files: ReadonlySet<string>;
  readonly bytes: number;
  readonly lazyBytes: number;
  readonly sources: ReadonlyMap<string, number>;
}

/** Whether this project's own code, as far as it is in the output, loads a file of its own by a dynamic import. */
export function importsLazily({ inputs, outputs }: Metafile): boolean {
  return Object.values(outputs).some((output) =>
    Object.entries(output.inputs).some(
      ([path, { bytesInOutput }]) =>
        bytesInOutput > 0 &&
        packageOf(path) === undefined &&
        inputs[path]?.imports.some(({ kind, original }) => kind === 'dynamic-import' && original?.startsWith('.')),
    ),
  );
}

/** Dependencies leave chunks that nothing loads; those do not count. */
export function contentOf(metafile: Metafile): Contents {
  const entry = Object.entries(metafile.outputs).find(([path]) => /(^|[/\\])index\.mjs$/.test(path));
  if (entry === undefined) throw new Error('esbuild reported no output.');
  const eager = reachable(metafile, entry[0], ['import-statement']);
  const all = reachable(metafile, entry[0], ['import-statement', 'dynamic-import']);
  const sources = [...all.values()].flatMap(({ inputs }) => Object.entries(inputs));
  const bytes = size(eager);
  return {
    files: new Set([...all.keys()].map((path) => resolve(import.meta.dirname, '..', path))),
    bytes,
    lazyBytes: size(all) - bytes,
    sources: new Map(
      sources
        .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
        .map(([path, { bytesInOutput }]) => [path, bytesInOutput]),
    ),
  };
}

type Outputs = ReadonlyMap<string, Metafile['outputs'][string]>;

function reachable(
  metafile: Metafile,
  from: string,
  kinds: readonly string[],
  found: Map<string, Metafile['outputs'][string]> = new Map(),
): Outputs {
  const output = metafile.outputs[from];
  if (output === undefined || found.has(from)) return found;
  found.set(from, output);
  for (const { path, kind } of output.imports) if (kinds.includes(kind)) reachable(metafile, path, kinds, found);
  return found;
}

function size(outputs: Outputs): number {
  return [...outputs.values()].reduce((sum, { bytes }) => sum + bytes, 0);
}
