import { readdir } from 'node:fs/promises';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startPostgres } from '../../../local/databases/postgres-server.ts';
import { failureOf } from '../../support/failure.ts';
import { endsWithItsStarter, isRunning, temporaryFolder } from './own-server.ts';

const MODULE = new URL('../../../local/databases/postgres-server.ts', import.meta.url).href;

const temporary = temporaryFolder();
beforeEach(() => void vi.stubEnv('POSTGRES_URL', undefined));

const PID = "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1) AS pid";

describe('a server of its own', () => {
  it('answers on loopback only, takes settings and files, and is gone without a trace once stopped', async () => {
    const server = await startPostgres({ settings: { work_mem: '7MB' }, files: { note: 'a file of ours' } });
    onTestFinished(() => server.stop());
    const [row] = await server.query(
      `SELECT current_setting('listen_addresses') AS address, current_setting('work_mem') AS memory,
        pg_read_file('note') AS note, (${PID}) AS pid`,
    );
    expect(row).toMatchObject({ address: '127.0.0.1', memory: '7MB', note: 'a file of ours' });
    const pid = Number(row?.['pid']);
    expect(isRunning(pid)).toBe(true);

    await server.stop();
    expect(isRunning(pid)).toBe(false);
    expect(await readdir(temporary())).toEqual([]);
  });

  it('wants a password, which is another one each time', async () => {
    const servers = await Promise.all([startPostgres(), startPostgres()]);
    onTestFinished(async () => {
      await Promise.all(servers.map((server) => server.stop()));
    });
    const [one, other] = servers;
    expect(one.superuser.password).not.toBe(other.superuser.password);
    expect(await failureOf(one.query('SELECT 1', other.superuser))).toMatchObject({ code: '28P01' });
  });

  it('that cannot start says why, and leaves nothing behind', async () => {
    const error = await failureOf(startPostgres({ settings: { shared_preload_libraries: 'no_such_library' } }));
    expect(error.message).toContain('no_such_library');
    expect(await readdir(temporary())).toEqual([]);
  });

  endsWithItsStarter(
    `const { startPostgres } = await import(${JSON.stringify(MODULE)});
      const server = await startPostgres();
      const [{ pid }] = await server.query(${JSON.stringify(PID)});`,
    temporary,
  );
});

describe('POSTGRES_URL', () => {
  it('names a server to use instead, which nobody stops; special wishes still start one', async () => {
    const standing = await startPostgres({ settings: { work_mem: '7MB' } });
    onTestFinished(() => standing.stop());
    const { username, password } = standing.superuser;
    await standing.query(`CREATE ROLE "ro ot" SUPERUSER LOGIN PASSWORD 'p@ss/word'`);
    vi.stubEnv('POSTGRES_URL', `postgres://ro%20ot:p%40ss%2Fword@127.0.0.1:${standing.port}/postgres`);
    const used = await startPostgres();
    expect(used).toMatchObject({ host: '127.0.0.1', port: standing.port });
    expect(await used.query('SELECT current_user AS name')).toEqual([{ name: 'ro ot' }]);
    await used.stop();
    expect(await standing.query('SELECT 1 AS one', { username, password })).toEqual([{ one: 1 }]);

    const special = await startPostgres({ settings: { work_mem: '8MB' } });
    onTestFinished(() => special.stop());
    expect(special.port).not.toBe(standing.port);
  });
});
