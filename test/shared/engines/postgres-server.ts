import pg from 'pg';
import type { ServerOptions } from '../../../local/databases/database-server.ts';
import { type PostgresServer, startPostgres } from '../../../local/databases/postgres-server.ts';
import type { DatabaseLogin } from '../../../shared/engines/engine.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import type { EngineServer } from '../../conformance/engine-subject.ts';

export interface TestServer extends PostgresServer, EngineServer {
  login(username: string, password: string): DatabaseLogin;
}

/** A server, and what tests of the engine need of it. */
export async function startTestServer(options?: ServerOptions): Promise<TestServer> {
  const server = await startPostgres(options);
  const { host, port } = server;
  const database = 'postgres';
  return {
    ...server,
    database,
    login: (username, password) => ({
      host,
      port,
      database,
      username,
      password: new Sensitive(password),
      tls: 'off',
    }),
    async createUser(name, password) {
      await server.query(`CREATE ROLE ${identifier(name)} LOGIN PASSWORD ${pg.escapeLiteral(password)}`);
    },
    async dropUser(name) {
      await server.query(`DROP ROLE ${identifier(name)}`);
    },
  };
}

export const identifier = pg.escapeIdentifier;
