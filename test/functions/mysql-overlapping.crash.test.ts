import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { logsIn } from '../../local/databases/database-server.ts';
import { NAMES } from '../../local/databases/mysql-kinds.ts';
import { type MysqlServer, startMysql } from '../../local/databases/mysql-server.ts';
import { survivesCrashes } from '../conformance/crash.ts';
import { mysqlProxy } from '../support/mysql-effects.ts';
import { OVERLAP } from '../support/overlapping-rotation.ts';
import { describeWithMysql } from '../support/with-mysql.ts';

let server: MysqlServer;
let proxy: Awaited<ReturnType<typeof mysqlProxy>>;

const accepts = (text: string) => logsIn(server, JSON.parse(text));

describeWithMysql('crashes', (kind) => {
  const subject = {
    tags: OVERLAP,

    async start(effects: Parameters<typeof mysqlProxy>[1]) {
      server = await startMysql(kind);
      proxy = await mysqlProxy(server, effects);
    },

    async newSecret(store: (value: string) => Promise<string>) {
      const [username, password] = [`app_${randomBytes(4).toString('hex')}`, randomBytes(12).toString('hex')];
      await server.query(`CREATE USER ${username}@'%' IDENTIFIED BY '${password}'`);
      if (kind === 'mysql') {
        await server.query(`GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO ${username}@'%'`);
        const place = { engine: 'mysql', host: '127.0.0.1', port: proxy.port, ssl: false };
        return JSON.stringify({ ...place, username, password });
      }
      await server.query(`CREATE USER ${username}@'10.%' IDENTIFIED BY '${password}'`);
      const place = { engine: 'mariadb', host: '127.0.0.1', port: proxy.port, ssl: false };
      const masterarn = await store(JSON.stringify({ ...place, ...server.superuser }));
      return JSON.stringify({ ...place, username, password, masterarn });
    },

    accepts,

    async check(current: string, previous: string) {
      expect(await accepts(previous)).toBe(true);
      if (kind === 'mysql') return;
      const { username } = JSON.parse(current);
      const methods = async (host: string) => {
        const [row = {}] = await server.query(`SHOW CREATE USER ${username}@'${host}'`);
        return String(Object.values(row)[0]).split(' IDENTIFIED ')[1];
      };
      expect((await methods('%'))?.match(/mysql_native_password/g)).toHaveLength(2);
      expect(await methods('10.%')).toBe(await methods('%'));
    },

    async stop() {
      await proxy.close();
      await server.stop();
    },
  };

  survivesCrashes('mysql-single-user', subject, `mysql-single-user with two passwords at ${NAMES[kind]}`);
});
