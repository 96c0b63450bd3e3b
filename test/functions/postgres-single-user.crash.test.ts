import { randomBytes } from 'node:crypto';
import { logsIn } from '../../local/databases/database-server.ts';
import { type PostgresServer, startPostgres } from '../../local/databases/postgres-server.ts';
import { survivesCrashes } from '../conformance/crash.ts';
import { postgresProxy } from '../support/postgres-effects.ts';

let server: PostgresServer;
let proxy: Awaited<ReturnType<typeof postgresProxy>>;

survivesCrashes('postgres-single-user', {
  async start(effects) {
    server = await startPostgres();
    proxy = await postgresProxy(server, effects);
  },

  async newSecret() {
    const [username, password] = [`app_${randomBytes(4).toString('hex')}`, randomBytes(12).toString('hex')];
    await server.query(`CREATE ROLE ${username} LOGIN PASSWORD '${password}'`);
    return JSON.stringify({ engine: 'postgres', host: '127.0.0.1', port: proxy.port, username, password, ssl: false });
  },

  accepts: (text) => logsIn(server, JSON.parse(text)),

  async stop() {
    await proxy.close();
    await server.stop();
  },
});
