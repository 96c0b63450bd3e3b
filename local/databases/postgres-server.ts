import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../free-port.ts';
import { ready, succeeded } from './child-output.ts';
import { type KeptProcess, startKept } from './kept-process.ts';
import { postgresBinaries } from './postgres-binaries.ts';

export interface PostgresLogin {
  readonly username: string;
  readonly password: string;
  readonly database?: string;
}

/** A PostgreSQL server on loopback. */
export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly superuser: PostgresLogin;
  /** Runs SQL in a session of its own, as the superuser unless another login is given. */
  query(sql: string, login?: PostgresLogin): Promise<readonly Record<string, unknown>[]>;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Server settings, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Files written into the data folder before the start, such as a certificate. */
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * Starts a server of its own on a free port with a data folder that goes when it stops, or uses the one that
 * `POSTGRES_URL` names (`postgres://superuser:password@host:port/postgres`), unless options ask for a special one.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const url = process.env['POSTGRES_URL'];
  return url !== undefined && Object.keys(options).length === 0 ? existingServer(url) : await ownServer(options);
}

function existingServer(url: string): PostgresServer {
  const { hostname, port, username, password } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const superuser = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  return serverAt(host, Number(port || 5432), superuser, async () => {});
}

async function ownServer({ settings = {}, files = {} }: PostgresOptions): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'postgres-'));
  const { initdb, postgres, runAs } = await postgresBinaries(folder).catch(async (error) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const superuser = { username: 'postgres', password: randomBytes(18).toString('base64url') };
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, superuser.password, { mode: 0o600 });
  if (runAs) for (const path of [folder, passwordFile]) await chown(path, runAs.uid, runAs.gid);
  const data = join(folder, 'data');
  const environment = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
  const as = { env: environment, ...runAs };
  let server: KeptProcess | undefined;
  const stop = async () => {
    await server?.end();
    await rm(folder, { recursive: true, force: true });
  };

  try {
    const method = ['-A', 'scram-sha-256', '-E', 'UTF8', '--no-sync', '--no-instructions'];
    const account = ['-U', superuser.username, `--pwfile=${passwordFile}`];
    await succeeded(
      spawn(initdb, ['-D', data, ...account, ...method], { ...as, stdio: ['ignore', 'ignore', 'pipe'] }),
      'PostgreSQL',
    );
    await rm(passwordFile);
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(data, name), text, { mode: 0o600 });
      if (runAs) await chown(join(data, name), runAs.uid, runAs.gid);
    }
    const port = await freePort();
    const all = {
      port: String(port),
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: 'off',
      ...settings,
    };
    const chosen = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    server = startKept(postgres, ['-D', data, ...chosen], { folder, environment, runAs });
    await ready(server.process, /ready to accept (read-only )?connections/, 'PostgreSQL');
    return serverAt('127.0.0.1', port, superuser, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

function serverAt(host: string, port: number, superuser: PostgresLogin, stop: () => Promise<void>): PostgresServer {
  return {
    host,
    port,
    superuser,
    stop,
    async query(sql, { username, password, database = 'postgres' } = superuser) {
      const client = new pg.Client({ host, port, user: username, password, database, ssl: false });
      client.on('error', () => {});
      await client.connect();
      try {
        const answer: pg.QueryResult | readonly pg.QueryResult[] = await client.query(sql);
        return (Array.isArray(answer) ? answer.at(-1) : answer)?.rows ?? [];
      } finally {
        await client.end();
      }
    },
  };
}
