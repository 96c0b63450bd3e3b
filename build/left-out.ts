import { readFile } from 'node:fs/promises';
import type { Metafile, Plugin } from 'esbuild';
import { packageOf } from './package-of.ts';

export interface LeftOut {
  /** What is imported, and the package that imports it. */
  readonly specifier: string;
  readonly by: string;
  /** The module that stands in its place. */
  readonly instead: string;
}

/** What dependencies import and no function ever runs. Each entry fails the build once it matches nothing. */
const leftOut: readonly LeftOut[] = [
  // Credentials are always given (shared/aws/client-configuration.ts); the chain brings four SDK clients of its own.
  ...['@aws-sdk/client-secrets-manager', '@aws-sdk/client-rds'].map(
    (by): LeftOut => ({
      specifier: '@aws-sdk/credential-provider-node',
      by,
      instead: `export const defaultProvider = () => async () => { throw new Error('Credentials come from the environment only.'); };`,
    }),
  ),
  {
    // No operation of Secrets Manager streams events. As a dynamic import it would also keep whole modules from being
    // shaken, since it shares them.
    specifier: '@smithy/core/event-streams',
    by: '@smithy/core',
    instead: `${missing('export class EventStreamSerde', 'Event streams')} export const eventStreamSerdeProvider = undefined;`,
  },
  {
    // Formats the headers of signed events in such a stream.
    specifier: './HeaderFormatter',
    by: '@smithy/signature-v4',
    instead: 'export class HeaderFormatter {}',
  },
  {
    // The environment is the only configuration; a Lambda has no ~/.aws to read.
    specifier: '../shared-ini-file-loader/loadSharedConfigFiles',
    by: '@smithy/core',
    instead: 'export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });',
  },
  {
    // Lambda has no instance metadata to ask for the region either.
    specifier: './getInstanceMetadataRegion',
    by: '@smithy/core',
    instead: 'export const getInstanceMetadataRegion = async () => undefined;',
  },
  {
    // For a Node without node:crypto.
    specifier: './Sha256Js',
    by: '@smithy/core',
    instead: missing('export class Sha256Js', 'SHA-256 in JavaScript'),
  },
  // The engine opens single connections from Node itself, with fields and a password from the secret.
  { specifier: './native', by: 'pg', instead: `throw new Error('pg-native is not in this bundle.');` },
  { specifier: 'pg-cloudflare', by: 'pg', instead: 'module.exports = {};' },
  { specifier: 'pgpass', by: 'pg', instead: 'module.exports = (_connection, answer) => answer(undefined);' },
  { specifier: 'pg-pool', by: 'pg', instead: missing('module.exports = class', 'pg-pool') },
  {
    specifier: 'pg-connection-string',
    by: 'pg',
    instead: `exports.parse = () => { throw new Error('pg-connection-string is not in this bundle.'); };`,
  },
];

function missing(declaration: string, what: string): string {
  return `${declaration} { constructor() { throw new Error('${what} is not in this bundle.'); } };`;
}

/** Notes in `matched` which entries were of use. */
export function leaveOut(matched: Set<LeftOut>): Plugin {
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

/** The SDK imports its package.json for the version in its user agent; nothing else of it is read. */
export const versionsOnly: Plugin = {
  name: 'versions-only',
  setup({ onLoad }) {
    onLoad({ filter: /node_modules\/@aws-sdk\/client-[a-z0-9-]+\/package\.json$/ }, async ({ path }) => {
      const { name, version }: { name?: unknown; version?: unknown } = JSON.parse(await readFile(path, 'utf8'));
      return { contents: JSON.stringify({ name, version }), loader: 'json' };
    });
  },
};

export function refuseStaleEntries({ inputs }: Metafile, matched: ReadonlySet<LeftOut>): void {
  const packages = new Set(Object.keys(inputs).map(packageOf));
  for (const entry of leftOut) {
    if (packages.has(entry.by) && !matched.has(entry)) {
      throw new Error(
        `${entry.by} no longer imports ${entry.specifier}, which the build leaves out. Look for what it imports now and correct the entry in build/left-out.ts, or delete it.`,
      );
    }
  }
}
