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
  ...['client-secrets-manager', 'client-rds', 'client-iam', 'client-sts'].map(
    (by): LeftOut => ({
      specifier: '@aws-sdk/credential-provider-node',
      by: `@aws-sdk/${by}`,
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
  // Of MySQL's driver the engine uses single connections, which speak UTF-8 and send text statements.
  ...['./lib/cluster-callback.js', './lib/pool-callback.js', './cmd/prepare.js', './cmd/execute.js'].map(
    (specifier): LeftOut => ({
      specifier,
      by: 'mariadb',
      instead: missing('export default class', specifier),
    }),
  ),
  { specifier: './cmd/batch-bulk.js', by: 'mariadb', instead: missing('export default class', 'batch-bulk') },
  { specifier: './cmd/change-user.js', by: 'mariadb', instead: missing('export default class', 'change-user') },
  {
    specifier: './decoder/binary-decoder.js',
    by: 'mariadb',
    instead: `export const newRow = undefined, castWrapper = undefined, parser = () => { throw new Error('Binary rows are not in this bundle.'); };`,
  },
  {
    specifier: './io/compression-input-stream.js',
    by: 'mariadb',
    instead: missing('export default class', 'compression'),
  },
  {
    specifier: './io/compression-output-stream.js',
    by: 'mariadb',
    instead: missing('export default class', 'compression'),
  },
  { specifier: './lib/config/pool-options.js', by: 'mariadb', instead: 'export default class {}' },
  { specifier: './lib/config/cluster-options.js', by: 'mariadb', instead: 'export default class {}' },
  { specifier: 'lru-cache', by: 'mariadb', instead: missing('export class LRUCache', 'lru-cache') },
  {
    // Every encoding of the world, for connections that speak another one than UTF-8.
    specifier: 'iconv-lite',
    by: 'mariadb',
    instead: `export const encode = (text) => Buffer.from(text), decode = (bytes) => bytes.toString(); export default { encode, decode };`,
  },
  // The names of errors; the engine goes by their numbers.
  { specifier: '../const/error-code.js', by: 'mariadb', instead: 'export default {};' },
  // The names of all collations; whatever one is called, the connection is UTF-8, and bytes stay bytes.
  ...['./', '../', '../../', '../../../'].map(
    (path): LeftOut => ({
      specifier: `${path}const/collations.js`,
      by: 'mariadb',
      instead: `const of = (index) => ({ index, name: 'UTF8MB4_GENERAL_CI', charset: index === 63 ? 'binary' : 'utf8', maxLength: 4 });
        export default { fromIndex: of, fromCharset: () => of(45), fromName: () => of(45), fromCharsetAndName: () => of(45) };`,
    }),
  ),
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

/** The SDK and MySQL's driver import their package.json for their version, and for Node's; nothing else of it is read. */
export const versionsOnly: Plugin = {
  name: 'versions-only',
  setup({ onLoad }) {
    onLoad({ filter: /node_modules\/(@aws-sdk\/client-[a-z0-9-]+|mariadb)\/package\.json$/ }, async ({ path }) => {
      const manifest: { name?: unknown; version?: unknown; engines?: unknown } = JSON.parse(
        await readFile(path, 'utf8'),
      );
      const { name, version, engines } = manifest;
      return { contents: JSON.stringify({ name, version, engines }), loader: 'json' };
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
