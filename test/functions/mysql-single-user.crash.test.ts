import { randomBytes } from 'node:crypto';
import { logsIn } from '../../local/databases/database-server.ts';
import { type MysqlServer, startMariadb } from '../../local/databases/mysql-server.ts';
import { survivesCrashes } from '../conformance/crash.ts';
import { mysqlProxy } from '../support/mysql-effects.ts';
import { describeWithMariadb } from '../support/with-mariadb.ts';

let server: MysqlServer;
let proxy: Awaited<ReturnType<typeof mysqlProxy>>;

describeWithMariadb('on MariaDB', () => {
  survivesCrashes('mysql-single-user', {
    async start(effects) {
      server = await startMariadb();
      proxy = await mysqlProxy(server, effects);
    },

    async newSecret() {
      const [username, password] = [`app_${randomBytes(4).toString('hex')}`, randomBytes(12).toString('hex')];
      await server.query(`CREATE USER ${username}@'%' IDENTIFIED BY '${password}'`);
      return JSON.stringify({ engine: 'mariadb', host: '127.0.0.1', port: proxy.port, username, password, ssl: false });
    },

    accepts: (text) => logsIn(server, JSON.parse(text)),

    async stop() {
      await proxy.close();
      await server.stop();
    },
  });
});
