import type { Engine, Session } from './engine.ts';
import { connectPostgres, type PostgresConnection, VERIFIER_SETTINGS, verifierFor } from './postgres-connection.ts';
import { passwordChangeError } from './postgres-errors.ts';

export const postgres: Engine = {
  name: 'PostgreSQL',
  engineNames: ['postgres', 'postgresql', 'aurora-postgresql'],
  defaultPort: 5432,
  defaultDatabase: 'postgres',
  // Of a name the server keeps 63 bytes; of a password, of whatever length, a verifier.
  limits: () => ({ userName: { most: 63, of: 'bytes' }, passwordBytes: 65_536, otherwise: '' }),
  // The server itself locks nobody out.
  refusedLogins: Number.POSITIVE_INFINITY,
  connect: async (login, limit) => userSession(await connectPostgres(login, limit)),
};

/** What every user may do. */
export function userSession(connection: PostgresConnection): Session {
  const { login } = connection;
  return {
    passwordNotAsked: !connection.passwordAsked,

    async probe() {
      await connection.ask('SELECT 1');
    },

    async changeOwnPassword(password) {
      // A default role, or read-only transactions by default, would otherwise stand between the user and its password;
      // and a search path of its own could put other functions in the place of the server's.
      const [settings] = await connection.ask(
        `SET ROLE NONE; SET default_transaction_read_only = off; SELECT ${VERIFIER_SETTINGS}`,
      );
      const verifier = await verifierFor(settings, login.username, password, login);
      const literal = connection.literal(verifier.reveal());
      await connection.ask(`ALTER ROLE SESSION_USER PASSWORD ${literal}`, passwordChangeError);
    },

    close: () => connection.close(),
  };
}
