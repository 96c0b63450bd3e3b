import { readdir, readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { type MysqlServer, startMariadb } from '../../../local/databases/mysql-server.ts';
import { failureOf } from '../../support/failure.ts';
import { describeWithMariadb } from '../../support/with-mariadb.ts';
import { endsWithItsStarter, isRunning, temporaryFolder } from './own-server.ts';

const MODULE = new URL('../../../local/databases/mysql-server.ts', import.meta.url).href;

const temporary = temporaryFolder();
beforeEach(() => void vi.stubEnv('MYSQL_URL', undefined));

const PID_FILE = 'SELECT @@pid_file AS file';

async function pidFileOf(server: MysqlServer): Promise<string> {
  const [row] = await server.query(PID_FILE);
  return String(row?.['file']);
}

describeWithMariadb('a MariaDB server of its own', () => {
  it('answers on loopback only, takes settings and files, and is gone without a trace once stopped', async () => {
    const server = await startMariadb({ settings: { max_connections: '17' }, files: { note: 'a file of ours' } });
    onTestFinished(() => server.stop());
    const [row] = await server.query('SELECT @@bind_address AS address, CAST(@@max_connections AS CHAR) AS most');
    expect(row).toEqual({ address: '127.0.0.1', most: '17' });
    const pidFile = await pidFileOf(server);
    expect(await readFile(join(dirname(pidFile), 'note'), 'utf8')).toBe('a file of ours');
    const pid = Number(await readFile(pidFile, 'utf8'));
    expect(isRunning(pid)).toBe(true);

    await server.stop();
    expect(isRunning(pid)).toBe(false);
    expect(await readdir(temporary())).toEqual([]);
  });

  it('has one account with a password, which is another one each time, and none without', async () => {
    const servers = await Promise.all([startMariadb(), startMariadb()]);
    onTestFinished(async () => {
      await Promise.all(servers.map((server) => server.stop()));
    });
    const [one, other] = servers;
    expect(one.superuser.password).not.toBe(other.superuser.password);
    expect(await failureOf(one.query('SELECT 1', other.superuser))).toMatchObject({ errno: 1045 });
    expect(await failureOf(one.query('SELECT 1', { username: 'root', password: '' }))).toMatchObject({ errno: 1045 });
    expect(await one.query("SELECT User AS name FROM mysql.user WHERE User <> 'mariadb.sys'")).toEqual([
      { name: one.superuser.username },
    ]);
  });

  it.runIf(userInfo().uid === 0)('runs as nobody where it is started as root', async () => {
    const server = await startMariadb();
    onTestFinished(() => server.stop());
    expect((await stat(await pidFileOf(server))).uid).toBe(65_534);
  });

  it('that cannot start says why, and leaves nothing behind', async () => {
    const error = await failureOf(startMariadb({ settings: { no_such_setting: '1' } }));
    expect(error.message).toMatch(/no.such.setting/);
    expect(await readdir(temporary())).toEqual([]);
  });

  endsWithItsStarter(
    `const { startMariadb } = await import(${JSON.stringify(MODULE)});
      const server = await startMariadb();
      const [{ file }] = await server.query(${JSON.stringify(PID_FILE)});
      const pid = (await import('node:fs')).readFileSync(file, 'utf8');`,
    temporary,
  );

  it('gives way to the one that MYSQL_URL names, which nobody stops; special wishes still start one', async () => {
    const standing = await startMariadb({ settings: { max_connections: '17' } });
    onTestFinished(() => standing.stop());
    const { username, password } = standing.superuser;
    await standing.query("CREATE USER `ro ot`@'%' IDENTIFIED BY 'p@ss/word'");
    vi.stubEnv('MYSQL_URL', `mysql://ro%20ot:p%40ss%2Fword@127.0.0.1:${standing.port}`);
    const used = await startMariadb();
    expect(used).toMatchObject({ host: '127.0.0.1', port: standing.port });
    expect(await used.query('SELECT CURRENT_USER() AS name')).toEqual([{ name: 'ro ot@%' }]);
    await used.stop();
    expect(await standing.query('SELECT 1 AS one', { username, password })).toEqual([{ one: 1 }]);

    const special = await startMariadb({ settings: { max_connections: '18' } });
    onTestFinished(() => special.stop());
    expect(special.port).not.toBe(standing.port);
  });
});
