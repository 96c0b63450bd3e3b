import { afterAll, beforeAll, expect } from 'vitest';
import { type PostgresServer, startPostgres } from '../../local/databases/postgres-server.ts';
import { survivesCrashes } from '../conformance/crash.ts';
import {
  accepts,
  createRoles,
  createSuperuser,
  expectFirstUser,
  superuserSecret,
} from '../support/alternating-roles.ts';
import { postgresProxy } from '../support/postgres-effects.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
  await createSuperuser(server);
});
afterAll(() => server.stop());

for (const user of ['first', 'clone'] as const) {
  let proxy: Awaited<ReturnType<typeof postgresProxy>>;
  const subject = {
    async start(effects: Parameters<typeof postgresProxy>[1]) {
      proxy = await postgresProxy(server, effects);
    },

    async newSecret(store: (value: string) => Promise<string>) {
      const place = { host: '127.0.0.1', port: proxy.port };
      const roles = await createRoles(server, place, user);
      return roles.secretString(await store(superuserSecret(place)));
    },

    accepts: (text: string) => accepts(server, text),

    async check(current: string, previous: string) {
      for (const text of [current, previous]) await expectFirstUser(server, text);
      const first = String(JSON.parse(current).username).replace(/_clone$/, '');
      const rows = await server.query(`SELECT rolname FROM pg_roles WHERE rolname LIKE '${first}%' ORDER BY 1`);
      expect(rows.map(({ rolname }) => rolname)).toEqual([first, `${first}_clone`]);
    },

    stop: () => proxy.close(),
  };
  survivesCrashes('postgres-alternating-users', subject, `postgres-alternating-users, its ${user} user being current`);
}
