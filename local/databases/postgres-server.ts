import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../free-port.ts';
import { ready, succeeded } from './child-output.ts';
import {
  addressIn,
  type DatabaseServer,
  type ServerAddress,
  type ServerOptions,
  writeInto,
} from './database-server.ts';
import { type KeptProcess, startKept } from './kept-process.ts';
import { postgresBinaries } from './postgres-binaries.ts';

/** A PostgreSQL server; of several statements in one text it gives the rows of the last. */
export type PostgresServer = DatabaseServer;

/**
 * Starts a server of its own on a free port with a data folder that goes when it stops, or uses the one that
 * `POSTGRES_URL` names (`postgres://superuser:password@host:port/postgres`), unless options ask for a special one.
 */
export async function startPostgres(options: ServerOptions = {}): Promise<PostgresServer> {
  const url = process.env['POSTGRES_URL'];
  return url !== undefined && Object.keys(options).length === 0
    ? serverAt(addressIn(url, 5432), async () => {})
    : await ownServer(options);
}

async function ownServer({ settings = {}, files = {} }: ServerOptions): Promise<PostgresServer> {
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
    await writeInto(data, files, runAs);
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
    return serverAt({ host: '127.0.0.1', port, superuser }, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

function serverAt(address: ServerAddress, stop: () => Promise<void>): PostgresServer {
  const { host, port, superuser } = address;
  return {
    ...address,
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
