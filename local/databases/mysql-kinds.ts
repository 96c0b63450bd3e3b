import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { UnpackedServer } from './debian-suite.ts';
import { mariadbBinaries, pluginFile } from './mariadb-binaries.ts';

/** The servers that speak MySQL's protocol and that the suites run against. */
export const MYSQL_KINDS = ['mysql', 'mariadb-10', 'mariadb-11'] as const;
export type MysqlKind = (typeof MYSQL_KINDS)[number];

export interface MysqlBinaries {
  readonly flavour: 'mysql' | 'mariadb';
  /** What to run, before its options. */
  readonly command: readonly [string, ...string[]];
  /** The folder with messages, and of MariaDB the SQL that makes the system tables. */
  readonly share: string;
  /** The file of a plugin or component, by its name without `.so`. */
  plugin(name: string): string | undefined;
}

const CACHE = join(dirname(fileURLToPath(import.meta.url)), '../../node_modules/.cache');

/** Those that no suite of this machine has: unpacked beside each other, with their own libraries. */
export const UNPACKED: Readonly<Record<Exclude<MysqlKind, 'mariadb-10'>, UnpackedServer>> = {
  mysql: { suite: 'sid', package: 'mysql-server-core', folder: join(CACHE, 'mysql') },
  'mariadb-11': {
    suite: 'trixie',
    package: 'mariadb-server-core',
    more: ['mariadb-server'],
    folder: join(CACHE, 'mariadb-11'),
  },
};

export const NAMES: Readonly<Record<MysqlKind, string>> = {
  mysql: 'MySQL',
  'mariadb-10': 'MariaDB 10',
  'mariadb-11': 'MariaDB 11',
};

export function mysqlBinaries(kind: MysqlKind): MysqlBinaries | undefined {
  if (kind === 'mariadb-10') {
    const found = mariadbBinaries();
    return found && { flavour: 'mariadb', command: [found.server], share: found.share, plugin: pluginFile };
  }
  const root = join(UNPACKED[kind].folder, 'root');
  const flavour = kind === 'mysql' ? 'mysql' : 'mariadb';
  const server = join(root, 'usr/sbin', flavour === 'mysql' ? 'mysqld' : 'mariadbd');
  const loader = existsSync(server) ? loaderIn(root) : undefined;
  if (loader === undefined) return undefined;
  const libraries = [dirname(loader), join(root, 'usr/lib/mysql/private')].join(':');
  return {
    flavour,
    command: [loader, '--library-path', libraries, server],
    share: join(root, 'usr/share', flavour),
    plugin(name) {
      const file = join(root, 'usr/lib/mysql/plugin', `${name}.so`);
      return existsSync(file) ? file : undefined;
    },
  };
}

/** Of the suite that the server was built for: this machine's own may be older. */
function loaderIn(root: string): string | undefined {
  const libraries = join(root, 'usr/lib');
  for (const triplet of existsSync(libraries) ? readdirSync(libraries) : []) {
    const folder = join(libraries, triplet);
    const [loader] = /-linux-gnu$/.test(triplet)
      ? readdirSync(folder).filter((name) => /^ld-linux.*\.so/.test(name))
      : [];
    if (loader !== undefined) return join(folder, loader);
  }
  return undefined;
}

/** What keeps tests from a server of this kind with these plugins, or undefined if nothing does. */
export function mysqlMissing(kind: MysqlKind, ...plugins: readonly string[]): string | undefined {
  const binaries = mysqlBinaries(kind);
  if (binaries === undefined) return `There is no ${NAMES[kind]} server on this machine. Run npm run databases.`;
  const missing = plugins.filter((plugin) => binaries.plugin(plugin) === undefined);
  return missing.length === 0
    ? undefined
    : `${NAMES[kind]} has no ${missing.join(', ')} on this machine. Run npm run databases.`;
}
