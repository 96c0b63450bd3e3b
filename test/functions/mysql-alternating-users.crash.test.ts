import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { logsIn } from '../../local/databases/database-server.ts';
import { NAMES } from '../../local/databases/mysql-kinds.ts';
import { type MysqlServer, startMysql } from '../../local/databases/mysql-server.ts';
import { survivesCrashes } from '../conformance/crash.ts';
import { mysqlProxy } from '../support/mysql-effects.ts';
import { describeWithMysql } from '../support/with-mysql.ts';

const SUPERUSER = { username: 'rotation_superuser', password: 'superuser/secret' };

describeWithMysql('crashes', (kind) => {
  for (const user of ['first', 'clone'] as const) {
    let server: MysqlServer;
    let proxy: Awaited<ReturnType<typeof mysqlProxy>>;
    const subject = {
      async start(effects: Parameters<typeof mysqlProxy>[1]) {
        server = await startMysql(kind);
        proxy = await mysqlProxy(server, effects);
        await server.query(`CREATE USER ${SUPERUSER.username}@'%' IDENTIFIED BY '${SUPERUSER.password}'`);
        await server.query(`GRANT ALL ON *.* TO ${SUPERUSER.username}@'%' WITH GRANT OPTION`);
        await server.query('CREATE DATABASE shop');
        await server.query('CREATE TABLE shop.item (id int, name int)');
        await server.query('CREATE ROLE reader');
        await server.query('GRANT SELECT (id) ON shop.item TO reader');
        await server.query(`GRANT reader TO ${SUPERUSER.username}@'%' WITH ADMIN OPTION`);
      },

      async newSecret(store: (value: string) => Promise<string>) {
        const [first, password] = [`app_${randomBytes(4).toString('hex')}`, randomBytes(12).toString('hex')];
        for (const statement of [
          `CREATE USER ${first}@'%' IDENTIFIED BY '${password}' WITH MAX_USER_CONNECTIONS 9`,
          `GRANT INSERT, UPDATE ON shop.* TO ${first}@'%' WITH GRANT OPTION`,
          `GRANT SELECT (name) ON shop.item TO ${first}@'%'`,
          `GRANT reader TO ${first}@'%'`,
          kind === 'mysql' ? `SET DEFAULT ROLE reader TO ${first}@'%'` : `SET DEFAULT ROLE reader FOR ${first}@'%'`,
          `CREATE USER ${first}@'10.%' IDENTIFIED BY '${password}'`,
        ]) {
          await server.query(statement, SUPERUSER);
        }
        // As the AWS template leaves it after a crash: without its grants, and with one that is out of date.
        if (user === 'clone') {
          await server.query(`CREATE USER ${first}_clone@'%' IDENTIFIED BY '${password}'`);
          await server.query(`GRANT DELETE ON shop.* TO ${first}_clone@'%'`);
        }
        const place = { engine: 'mariadb', host: '127.0.0.1', port: proxy.port, ssl: false };
        const masterarn = await store(JSON.stringify({ ...place, ...SUPERUSER }));
        const username = user === 'first' ? first : `${first}_clone`;
        return JSON.stringify({ ...place, username, password, masterarn });
      },

      accepts: (text: string) => logsIn(server, JSON.parse(text)),

      async check(current: string, previous: string) {
        for (const text of [current, previous]) {
          const { username, password } = JSON.parse(text);
          await server.query('SELECT id, name FROM shop.item', { username, password });
          expect(await rightsOf(username)).toEqual(await rightsOf(username.replace(/_clone$/, '')));
        }
        const first = JSON.parse(current).username.replace(/_clone$/, '');
        const accounts = await server.query(
          `SELECT concat(User, '@', Host) AS a FROM mysql.user WHERE User LIKE '${first}%' ORDER BY 1`,
        );
        expect(accounts.map(({ a }) => a)).toEqual(
          [`${first}@%`, `${first}@10.%`, `${first}_clone@%`, `${first}_clone@10.%`].sort(),
        );
      },

      async stop() {
        await proxy.close();
        await server.stop();
      },
    };

    const rightsOf = async (username: string) => {
      const told = [];
      for (const host of ['%', '10.%']) {
        for (const row of await server.query(`SHOW GRANTS FOR '${username}'@'${host}'`))
          told.push(Object.values(row)[0]);
      }
      return told
        .map((line) =>
          String(line)
            .replaceAll(username, 'app')
            .replace(/ IDENTIFIED BY PASSWORD '[^']*'/, ''),
        )
        .sort();
    };

    survivesCrashes(
      'mysql-alternating-users',
      subject,
      `mysql-alternating-users, its ${user} user being current, at ${NAMES[kind]}`,
    );
  }
});
