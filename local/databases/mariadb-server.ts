import { randomBytes } from 'node:crypto';
import { chmod, chown, copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mariadb';
import { freePort } from '../free-port.ts';
import { NOBODY, ready, runWithInput } from './child-output.ts';
import {
  addressIn,
  type DatabaseServer,
  type ServerAddress,
  type ServerLogin,
  type ServerOptions,
  writeInto,
} from './database-server.ts';
import { type KeptProcess, startKept } from './kept-process.ts';
import { mariadbBinaries, mariadbMissing, pluginFile } from './mariadb-binaries.ts';

/** A MariaDB or MySQL server; it runs one statement at a time. */
export type MariadbServer = DatabaseServer;

export interface MariadbOptions extends ServerOptions {
  /** Plugins to load, without `.so`. */
  readonly plugins?: readonly string[];
}

/**
 * Starts a server of its own on a free port with a data folder that goes when it stops, or uses the one that
 * `MYSQL_URL` names (`mysql://superuser:password@host:port`), unless options ask for a special one.
 *
 * @throws Error that says what is missing
 */
export async function startMariadb(options: MariadbOptions = {}): Promise<MariadbServer> {
  const url = process.env['MYSQL_URL'];
  return url !== undefined && Object.keys(options).length === 0
    ? serverAt(addressIn(url, 3306), async () => {})
    : await ownServer(options);
}

async function ownServer({ settings = {}, files = {}, plugins = [] }: MariadbOptions): Promise<MariadbServer> {
  const binaries = mariadbBinaries();
  if (binaries === undefined) throw new Error(mariadbMissing() ?? 'MYSQL_URL names a server that takes no options.');
  const runAs = userInfo().uid === 0 ? NOBODY : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'mariadb-'));
  const superuser = { username: 'superuser', password: randomBytes(18).toString('base64url') };
  const data = join(folder, 'data');
  const pluginFolder = join(folder, 'plugin');
  const environment = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
  let server: KeptProcess | undefined;
  const stop = async () => {
    await server?.end();
    await rm(folder, { recursive: true, force: true });
  };

  try {
    await mkdir(data);
    await mkdir(pluginFolder);
    if (runAs) for (const path of [folder, data, pluginFolder]) await chown(path, runAs.uid, runAs.gid);
    for (const plugin of plugins) await copyFile(pluginOf(plugin), join(pluginFolder, `${plugin}.so`));
    await chmod(pluginFolder, 0o755);
    // A server that starts clears the temporary tables of others out of a folder that they share.
    const common = ['--no-defaults', `--datadir=${data}`, `--tmpdir=${folder}`, ...SMALL];
    await runWithInput(
      [binaries.server, ...common, '--bootstrap'],
      await systemTables(binaries.share, superuser),
      { env: environment, ...runAs },
      'MariaDB',
    );
    await writeInto(data, files, runAs);
    const port = await freePort();
    const all = {
      port: String(port),
      'bind-address': '127.0.0.1',
      // Also names the socket's folder, which every server must have: one that nobody else looks into.
      socket: join(folder, 'socket'),
      'skip-name-resolve': 'on',
      'plugin-dir': pluginFolder,
      ...(plugins.length > 0 && { 'plugin-load-add': plugins.join(';') }),
      ...settings,
    };
    const chosen = Object.entries(all).map(([name, value]) => `--${name}=${value}`);
    server = startKept(binaries.server, [...common, ...chosen], { folder, environment, runAs, signal: 'KILL' });
    await ready(server.process, /ready for connections/, 'MariaDB');
    return serverAt({ host: '127.0.0.1', port, superuser }, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Nothing here has to survive a loss of power, or to be large. */
const SMALL = [
  '--innodb-flush-method=nosync',
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-fast-shutdown=2',
  '--innodb-log-file-size=4M',
  '--innodb-buffer-pool-size=8M',
  '--innodb-buffer-pool-load-at-startup=off',
  '--innodb-buffer-pool-dump-at-shutdown=off',
  '--innodb-temp-data-file-path=ibtmp1:4M:autoextend',
  '--aria-log-file-size=8M',
  '--skip-log-bin',
];

/** What `mariadb-install-db` would feed the server; that script needs programs of yet another package. */
async function systemTables(share: string, { username, password }: ServerLogin): Promise<string> {
  const scripts = ['mysql_system_tables.sql', 'mysql_performance_tables.sql', 'mysql_system_tables_data.sql'];
  const texts = await Promise.all(scripts.map((name) => readFile(join(share, name), 'utf8')));
  return [
    'CREATE DATABASE mysql;',
    'USE mysql;',
    'SET @auth_root_socket = NULL, @skip_auth_anonymous = 1;',
    ...texts.map((text) => text.replace(/.*@current_hostname.*\n/g, '')),
    "DELETE FROM global_priv WHERE User = 'root';",
    'FLUSH PRIVILEGES;',
    `CREATE USER ${username}@'%' IDENTIFIED BY '${password}';`,
    `GRANT ALL ON *.* TO ${username}@'%' WITH GRANT OPTION;`,
    '',
  ].join('\n');
}

function pluginOf(name: string): string {
  const file = pluginFile(name);
  if (file === undefined) throw new Error(`MariaDB's plugin ${name} is not on this machine. Run npm run databases.`);
  return file;
}

function serverAt(address: ServerAddress, stop: () => Promise<void>): MariadbServer {
  const { host, port, superuser } = address;
  return {
    ...address,
    stop,
    async query(sql, { username, password, database } = superuser) {
      const connection = await createConnection({
        host,
        port,
        user: username,
        password,
        ...(database !== undefined && { database }),
        allowPublicKeyRetrieval: true,
        connectTimeout: 10_000,
      });
      // Without a listener, a connection that breaks between two queries would end the process.
      connection.on('error', () => {});
      try {
        const answer: unknown = await connection.query(sql);
        return Array.isArray(answer) ? answer : [];
      } finally {
        await connection.end();
      }
    },
  };
}
