import { CandidateRefused, LoginRefused } from '../errors.ts';
import type { Sensitive } from '../secrets/sensitive.ts';
import type { DatabaseLogin, Engine, Session, TimeLimit } from './engine.ts';
import { type MysqlConnection, openConnection } from './mysql-connection.ts';
import { connectError, statementError } from './mysql-errors.ts';
import { changeOwnPassword } from './mysql-own-password.ts';

/** MySQL 8 and later, Aurora MySQL, and MariaDB 10.4 and later: what a server says that it is decides, not the secret. */
export const mysql: Engine = {
  name: 'MySQL',
  // As RDS names them (`aurora` was its name for MySQL 5.6), and as the AWS-provided templates want them.
  engineNames: ['mysql', 'aurora-mysql', 'aurora', 'mariadb'],
  defaultPort: 3306,
  // A login needs no database, and the AWS-provided templates name none unless the secret does.
  defaultDatabase: '',
  // MariaDB's; MySQL refuses more than 32 characters itself.
  longestUserName: 80,

  connect: async (login, limit) => (await openSession(login, limit)).session,
};

/** Throws like `Engine.connect`. */
export async function openSession(login: DatabaseLogin, limit: TimeLimit) {
  const connection = await loggedIn(login, limit);
  return { connection, session: userSession(connection, login, limit) };
}

async function loggedIn(login: DatabaseLogin, limit: TimeLimit): Promise<MysqlConnection> {
  try {
    return await openConnection(login, limit);
  } catch (error) {
    throw connectError(error, login);
  }
}

/** What every user may do. */
function userSession(connection: MysqlConnection, login: DatabaseLogin, limit: TimeLimit): Session {
  return {
    async probe() {
      try {
        await connection.ask('SELECT 1');
      } catch (error) {
        throw statementError(error, login);
      }
    },

    async changeOwnPassword(password) {
      try {
        await changeOwnPassword(connection, login, password);
      } catch (error) {
        if (!(error instanceof CandidateRefused)) throw error;
        // The account may be limited to one connection.
        await connection.close();
        if (!(await isAccepted(password))) throw error;
      }
    },

    close: () => connection.close(),
  };

  /** A rule against using a password again also refuses the one that another copy of this step has just set. */
  async function isAccepted(password: Sensitive): Promise<boolean> {
    try {
      await (await loggedIn({ ...login, password }, limit)).close();
      return true;
    } catch (error) {
      if (error instanceof LoginRefused) return false;
      throw error;
    }
  }
}
