import type { MysqlKind } from '../local/databases/mysql-kinds.ts';
import { startMysql } from '../local/databases/mysql-server.ts';
import { startPostgres } from '../local/databases/postgres-server.ts';
import { Effects } from '../test/support/effects.ts';
import { mysqlProxy } from '../test/support/mysql-effects.ts';
import { startPostgresProxy } from '../test/support/postgres-proxy.ts';

interface Login {
  readonly username: string;
  readonly password: string;
}

/** A real server that counts who logs in to it. */
export interface CountedDatabase {
  /** Fields of a secret that say where it is. */
  readonly place: Readonly<Record<string, unknown>>;
  /**
   * Makes a user, and a superuser who may let its alternate in.
   *
   * @param keepsOwn whether the user may keep its own second password, where the server has a privilege for that
   */
  createUsers(user: Login, superuser: Login, keepsOwn: boolean): Promise<unknown>;
  /** Drops these, and the user's alternate. */
  dropUsers(user: Login, superuser: Login): Promise<unknown>;
  logins(): { readonly accepted: number; readonly refused: number };
  stop(): Promise<void>;
}

export async function countedPostgres(): Promise<CountedDatabase> {
  const server = await startPostgres();
  const proxy = await startPostgresProxy(server);
  return {
    place: { engine: 'postgres', host: proxy.host, port: proxy.port, dbname: 'postgres', ssl: false },
    createUsers: (user, superuser) =>
      server.query(
        `CREATE ROLE ${user.username} LOGIN PASSWORD '${user.password}';
         CREATE ROLE ${superuser.username} LOGIN CREATEROLE PASSWORD '${superuser.password}';
         GRANT ${user.username} TO ${superuser.username} WITH ADMIN OPTION`,
      ),
    dropUsers: ({ username }, superuser) =>
      server.query(`DROP ROLE IF EXISTS ${username}_clone, ${username}, ${superuser.username}`),
    logins: proxy.logins,
    async stop() {
      await proxy.close();
      await server.stop();
    },
  };
}

export async function countedMysql(kind: MysqlKind): Promise<CountedDatabase> {
  const server = await startMysql(kind);
  const proxy = await mysqlProxy(server, new Effects(async () => {}));
  return {
    place: { engine: 'mysql', host: '127.0.0.1', port: proxy.port, ssl: false },
    async createUsers(user, superuser, keepsOwn) {
      for (const { username, password } of [user, superuser])
        await server.query(`CREATE USER ${username}@'%' IDENTIFIED BY '${password}'`);
      await server.query(`GRANT ALL ON *.* TO ${superuser.username}@'%' WITH GRANT OPTION`);
      if (keepsOwn && kind === 'mysql')
        await server.query(`GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO ${user.username}@'%'`);
    },
    dropUsers: ({ username }, superuser) =>
      server.query(`DROP USER IF EXISTS ${username}_clone@'%', ${username}@'%', ${superuser.username}@'%'`),
    logins: proxy.logins,
    async stop() {
      await proxy.close();
      await server.stop();
    },
  };
}
