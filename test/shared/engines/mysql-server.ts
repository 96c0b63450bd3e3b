import type { MysqlKind } from '../../../local/databases/mysql-kinds.ts';
import { type MysqlOptions, type MysqlServer, startMysql } from '../../../local/databases/mysql-server.ts';
import type { DatabaseLogin } from '../../../shared/engines/engine.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import type { EngineServer } from '../../conformance/engine-subject.ts';

export interface TestServer extends MysqlServer, EngineServer {
  login(username: string, password: string): DatabaseLogin;
  /** Where passwords are in force, as the server tells a superuser. */
  account(name: string): Promise<string>;
}

/** A server, and what tests of the engine need of it. */
export async function startTestServer(kind: MysqlKind, options?: MysqlOptions): Promise<TestServer> {
  const server = await startMysql(kind, options);
  const { host, port } = server;
  const database = '';
  return {
    ...server,
    database,
    engineName: kind === 'mysql' ? 'mysql' : 'mariadb',
    login: (username, password) => ({ host, port, database, username, password: new Sensitive(password), tls: 'off' }),
    async createUser(name, password) {
      await server.query(`CREATE USER ${identifier(name)}@'%' IDENTIFIED BY ${literal(password)}`);
    },
    async dropUser(name) {
      await server.query(`DROP USER IF EXISTS ${identifier(name)}@'%'`);
    },
    // They keep names in three bytes a character at most, and spaces at their end not at all.
    nameOf: (text) => [...text.replace(/[^\0-\uffff]/gu, '?')].slice(0, LONGEST_NAME[kind]).join('').trimEnd(),
    async account(name) {
      const [row = {}] = await server.query(`SHOW CREATE USER ${identifier(name)}@'%'`);
      return String(Object.values(row)[0]);
    },
  };
}

/** In characters. */
const LONGEST_NAME: Readonly<Record<MysqlKind, number>> = { mysql: 32, 'mariadb-10': 80, 'mariadb-11': 80 };

export function identifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** For sessions whose sql_mode keeps the backslash special. */
export function literal(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
