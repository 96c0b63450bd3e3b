import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface MariadbBinaries {
  readonly server: string;
  /** The folder with the SQL that makes the system tables, and the messages. */
  readonly share: string;
}

/** Where `npm run databases` puts the server's plugins: Debian packs them with the system service, which nobody wants here. */
export const PLUGINS = join(dirname(fileURLToPath(import.meta.url)), '../../node_modules/.cache/mariadb/plugin');

/** What Debian, others, and Homebrew call these places. */
const SHARES = ['../share/mysql', '../share/mariadb', '../../share/mysql', '../../share/mariadb'];
const SYSTEM_TABLES = 'mysql_system_tables.sql';

/** The MariaDB server that is installed on this machine, if there is a whole one. */
export function mariadbBinaries(path = process.env['PATH'] ?? ''): MariadbBinaries | undefined {
  // Debian keeps servers out of the paths of people.
  for (const folder of [...path.split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin']) {
    const server = join(folder, 'mariadbd');
    if (!isExecutable(server)) continue;
    const share = SHARES.map((relative) => join(folder, relative)).find((place) =>
      existsSync(join(place, SYSTEM_TABLES)),
    );
    if (share !== undefined) return { server, share };
  }
  return undefined;
}

/** What keeps tests from a real MariaDB server, or undefined if nothing does. */
export function mariadbMissing(): string | undefined {
  if (process.env['MYSQL_URL'] !== undefined || mariadbBinaries() !== undefined) return undefined;
  return 'There is no MariaDB server on this machine. Run npm run databases, or name a server in MYSQL_URL.';
}

/** What keeps tests from a server with these plugins (such as `auth_ed25519`), or undefined if nothing does. */
export function mariadbPluginsMissing(...plugins: readonly string[]): string | undefined {
  if (mariadbBinaries() === undefined) {
    return 'There is no MariaDB server on this machine whose plugins could be chosen. Run npm run databases.';
  }
  const missing = plugins.filter((plugin) => pluginFile(plugin) === undefined);
  if (missing.length === 0) return undefined;
  return `MariaDB's plugins ${missing.join(', ')} are not on this machine. Run npm run databases.`;
}

export function pluginFile(plugin: string): string | undefined {
  const folders = [PLUGINS, '/usr/lib/mysql/plugin', '/usr/lib64/mariadb/plugin', '/opt/homebrew/lib/plugin'];
  return folders.map((folder) => join(folder, `${plugin}.so`)).find((file) => existsSync(file));
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
