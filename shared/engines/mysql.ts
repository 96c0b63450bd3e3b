import { CandidateRefused, DatabaseRefused, LoginRefused } from '../errors.ts';
import type { Sensitive } from '../secrets/sensitive.ts';
import type { DatabaseLogin, Engine, Session, TimeLimit } from './engine.ts';
import { type MysqlConnection, openConnection } from './mysql-connection.ts';
import { connectError, isRefusal, statementError } from './mysql-errors.ts';
import { mysqlLimits } from './mysql-limits.ts';
import { changeOwnPassword } from './mysql-own-password.ts';

/** MySQL 8 and later, Aurora MySQL, and MariaDB 10.4 and later: what a server says that it is decides, not the secret. */
export const mysql: Engine = {
  name: 'MySQL',
  // As RDS names them (`aurora` was its name for MySQL 5.6), and as the AWS-provided templates want them.
  engineNames: ['mysql', 'aurora-mysql', 'aurora', 'mariadb'],
  defaultPort: 3306,
  // A login needs no database, and the AWS-provided templates name none unless the secret does.
  defaultDatabase: '',
  // Accounts with FAILED_LOGIN_ATTEMPTS 3 or more are not locked by one step.
  refusedLogins: 2,
  limits: mysqlLimits,
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

    changeOwnPassword: (password) =>
      unlessAccepted(changeOwnPassword(connection, login, password), {
        ...{ connection, login, password, limit },
        keepsOld: false,
      }),

    async renewIfExpired() {
      try {
        await connection.ask('SELECT 1');
      } catch (error) {
        if (!isRefusal(error, 'password expired')) throw statementError(error, login);
        await renew(error);
      }
    },

    close: () => connection.close(),
  };

  async function renew(expired: unknown): Promise<void> {
    try {
      await changeOwnPassword(connection, login, login.password);
    } catch (error) {
      if (!(error instanceof CandidateRefused)) throw error;
      throw new DatabaseRefused(
        `The password of ${login.username} works at ${login.host}:${login.port}, but has expired, and the server's rules do not let it be set again. Suspend the rule as a superuser (on MySQL: ALTER USER … PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY), let the rotation repeat, then restore the rule.`,
        { cause: expired },
      );
    }
  }
}

interface NewPassword {
  readonly connection: MysqlConnection;
  readonly login: DatabaseLogin;
  readonly password: Sensitive;
  readonly limit: TimeLimit;
  /** Whether the change would have left the old password good as well. */
  readonly keepsOld: boolean;
}

/** A rule against using a password again also refuses the one that another copy of this step has just set. */
export async function unlessAccepted(
  change: Promise<void>,
  { connection, login, password, limit, keepsOld }: NewPassword,
): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (!(error instanceof CandidateRefused) || !isRefusal(error.cause, 'password rule')) throw error;
    // The account may be limited to one connection.
    await connection.close();
    // Where the rule is against the password itself, the old one still works: no login is refused to find that out.
    if (!keepsOld && (await isAccepted(login, limit))) throw error;
    if (!(await isAccepted({ ...login, password }, limit))) throw error;
  }
}

async function isAccepted(login: DatabaseLogin, limit: TimeLimit): Promise<boolean> {
  try {
    await (await loggedIn(login, limit)).close();
    return true;
  } catch (error) {
    if (error instanceof LoginRefused) return false;
    throw error;
  }
}
