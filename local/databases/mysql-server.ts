import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import { NOBODY, ready, type SpawnAs } from './child-output.ts';
import { addressIn, type DatabaseServer, type ServerLogin, type ServerOptions, writeInto } from './database-server.ts';
import { type KeptProcess, startKept } from './kept-process.ts';
import { mariadbSetup } from './mariadb-setup.ts';
import { type MysqlBinaries, type MysqlKind, mysqlBinaries, mysqlMissing, NAMES } from './mysql-kinds.ts';
import { mysqlServerAt } from './mysql-session.ts';
import { mysqlSetup } from './mysql-setup.ts';
import { othersCanEnter } from './postgres-binaries.ts';

/** A MySQL or MariaDB server; it runs one statement at a time. */
export type MysqlServer = DatabaseServer;

export interface MysqlOptions extends ServerOptions {
  /** Plugins of MariaDB or components of MySQL to load, without `.so`. */
  readonly plugins?: readonly string[];
}

interface Making {
  readonly binaries: MysqlBinaries;
  readonly folder: string;
  readonly superuser: ServerLogin;
  readonly plugins: readonly string[];
  /** Lets the server have a file or folder. */
  give(path: string, mode: number): Promise<void>;
}

/** What MySQL and MariaDB do differently before they can be used. */
export interface MysqlSetup {
  readonly ready: RegExp;
  readonly small: readonly string[];
  initialize(
    making: Pick<Making, 'binaries' | 'superuser'> & { readonly common: readonly string[]; readonly as: SpawnAs },
  ): Promise<void>;
  settings(making: Making): Promise<Readonly<Record<string, string>>>;
  started(server: DatabaseServer, plugins: readonly string[]): Promise<void>;
}

/**
 * Starts a server of its own on a free port with a data folder that goes when it stops, or uses the one that
 * `MYSQL_URL` names (`mysql://superuser:password@host:port`), unless options ask for a special one.
 *
 * @throws Error that says what is missing
 */
export async function startMysql(kind: MysqlKind, options: MysqlOptions = {}): Promise<DatabaseServer> {
  const url = process.env['MYSQL_URL'];
  return url !== undefined && Object.keys(options).length === 0
    ? mysqlServerAt(addressIn(url, 3306), async () => {})
    : await ownServer(kind, options);
}

/** The MariaDB that this machine itself has, as `npm start` uses it. */
export const startMariadb = (options: MysqlOptions = {}) => startMysql('mariadb-10', options);

async function ownServer(
  kind: MysqlKind,
  { settings = {}, files = {}, plugins = [] }: MysqlOptions,
): Promise<DatabaseServer> {
  const binaries = mysqlBinaries(kind);
  const missing = mysqlMissing(kind, ...plugins);
  if (binaries === undefined || missing !== undefined) throw new Error(missing);
  const name = NAMES[kind];
  const setup = binaries.flavour === 'mysql' ? mysqlSetup : mariadbSetup;
  const isRoot = userInfo().uid === 0;
  // Nobody could not read the files of a server that was unpacked into a folder which only root can enter.
  const runAs = isRoot && (await othersCanEnter(binaries.share)) ? NOBODY : undefined;
  const folder = await mkdtemp(join(tmpdir(), `${kind}-`));
  const superuser = { username: 'superuser', password: randomBytes(18).toString('base64url') };
  const data = join(folder, 'data');
  const environment = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
  let server: KeptProcess | undefined;
  const stop = async () => {
    await server?.end();
    await rm(folder, { recursive: true, force: true });
  };
  const give = async (path: string, mode: number) => {
    await chmod(path, mode);
    if (runAs) await chown(path, runAs.uid, runAs.gid);
  };

  try {
    await mkdir(data);
    for (const path of [folder, data]) await give(path, 0o700);
    const user = isRoot && !runAs ? ['--user=root'] : [];
    // A server that starts clears the temporary tables of others out of a folder that they share.
    const common = ['--no-defaults', ...user, `--datadir=${data}`, `--tmpdir=${folder}`, ...setup.small];
    await setup.initialize({ binaries, superuser, common, as: { env: environment, ...runAs } });
    await writeInto(data, files, runAs);
    const port = await freePort();
    const all = {
      port: String(port),
      'bind-address': '127.0.0.1',
      // Also names the socket's folder, which every server must have: one that nobody else looks into.
      socket: join(folder, 'socket'),
      'skip-name-resolve': 'on',
      ...(await setup.settings({ binaries, folder, superuser, plugins, give })),
      ...settings,
    };
    const chosen = Object.entries(all).map(([option, value]) => `--${option}=${value}`);
    const [program, ...before] = binaries.command;
    const args = [...before, ...common, ...chosen];
    server = startKept(program, args, { folder, environment, runAs, signal: 'KILL' });
    await ready(server.process, setup.ready, name);
    const started = mysqlServerAt({ host: '127.0.0.1', port, superuser }, stop);
    await setup.started(started, plugins);
    return started;
  } catch (error) {
    await stop();
    throw error;
  }
}
