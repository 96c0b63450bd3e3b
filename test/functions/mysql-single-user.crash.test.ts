import { randomBytes } from 'node:crypto';
import { logsIn } from '../../local/databases/database-server.ts';
import { NAMES } from '../../local/databases/mysql-kinds.ts';
import { type MysqlServer, startMysql } from '../../local/databases/mysql-server.ts';
import { survivesCrashes } from '../conformance/crash.ts';
import { mysqlProxy } from '../support/mysql-effects.ts';
import { describeWithMysql } from '../support/with-mysql.ts';

let server: MysqlServer;
let proxy: Awaited<ReturnType<typeof mysqlProxy>>;

describeWithMysql('crashes', (kind) => {
  const subject = {
    async start(effects: Parameters<typeof mysqlProxy>[1]) {
      server = await startMysql(kind);
      proxy = await mysqlProxy(server, effects);
    },

    async newSecret() {
      const [username, password] = [`app_${randomBytes(4).toString('hex')}`, randomBytes(12).toString('hex')];
      await server.query(`CREATE USER ${username}@'%' IDENTIFIED BY '${password}'`);
      return JSON.stringify({ engine: 'mariadb', host: '127.0.0.1', port: proxy.port, username, password, ssl: false });
    },

    accepts: (text: string) => logsIn(server, JSON.parse(text)),

    async stop() {
      await proxy.close();
      await server.stop();
    },
  };

  survivesCrashes('mysql-single-user', subject, `mysql-single-user at ${NAMES[kind]}`);
});
