import type { Sensitive } from '../secrets/sensitive.ts';
import type { DatabaseLogin } from './engine.ts';
import { firstText, PREPARE } from './mysql-account.ts';
import type { MysqlConnection } from './mysql-connection.ts';
import { isRefusal, passwordChangeError, statementError } from './mysql-errors.ts';
import type { OverlapBy } from './overlapping-engine.ts';

type Asking = Pick<MysqlConnection, 'ask'>;

/** The privilege by which a MySQL account keeps a second password of its own, as `SHOW GRANTS` tells it. */
const PRIVILEGED = /^GRANT [A-Z_, ]*\bAPPLICATION_PASSWORD_ADMIN\b[A-Z_, ]* ON \*\.\* TO /;
const KEEP = 'RETAIN CURRENT PASSWORD';

/** Who can give this user two passwords, as the server itself says; on MariaDB, by what it is. Never asks for a privilege. */
export async function overlapBy({ ask }: Asking, login: DatabaseLogin): Promise<OverlapBy> {
  const where = `MySQL at ${login.host}:${login.port}`;
  try {
    const [server] = await ask('SELECT VERSION() AS version');
    if (/mariadb/i.test(String(server?.['version']))) {
      return {
        by: 'a superuser',
        otherwise: `on MariaDB only a superuser can give ${login.username} two passwords. Name the secret of one in "masterarn".`,
      };
    }
    if ((await ask('SHOW GRANTS')).some((row) => PRIVILEGED.test(firstText(row)))) return { by: 'itself' };
  } catch (error) {
    if (!isRefusal(error, 'password expired')) throw statementError(error, login);
    return { by: 'nobody', otherwise: `${where} lets ${login.username}, whose password has expired, only change it.` };
  }
  return {
    by: 'nobody',
    otherwise: `${where} does not let ${login.username} keep its old password. From MySQL 8.0.14 on: GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO the account.`,
  };
}

/**
 * https://dev.mysql.com/doc/refman/8.4/en/password-management.html#dual-passwords: what is kept is the account's primary
 * password. That need not be the one that has logged in: a rotation that was given up may have made that the second. So
 * it is made the primary one first; where a rule against using a password again refuses that, it is taken for the primary.
 *
 * Statement by statement from MySQL's manual; no MySQL 8 server was at hand.
 */
export async function changeKeepingOwn({ ask }: Asking, login: DatabaseLogin, password: Sensitive): Promise<void> {
  await prepare({ ask }, login);
  try {
    await alter(ask, login, login.password);
  } catch (error) {
    if (!isRefusal(error, 'password rule')) throw passwordChangeError(error, login);
  }
  try {
    await alter(ask, login, password);
  } catch (error) {
    throw passwordChangeError(error, login);
  }
}

/** Changing the first password leaves the second as it is: it would stay good for ever. */
export async function endKept({ ask }: Asking, login: DatabaseLogin): Promise<void> {
  try {
    await ask('ALTER USER USER() DISCARD OLD PASSWORD');
  } catch (error) {
    throw statementError(error, login);
  }
}

async function prepare({ ask }: Asking, login: DatabaseLogin): Promise<void> {
  try {
    await ask(PREPARE);
    await ask('SET SESSION TRANSACTION READ WRITE');
  } catch (error) {
    throw statementError(error, login);
  }
}

async function alter(ask: Asking['ask'], login: DatabaseLogin, password: Sensitive): Promise<void> {
  try {
    await ask(`ALTER USER USER() IDENTIFIED BY ? ${KEEP}`, [password.reveal()]);
  } catch (error) {
    if (!isRefusal(error, 'current password missing')) throw error;
    await ask(`ALTER USER USER() IDENTIFIED BY ? REPLACE ? ${KEEP}`, [password.reveal(), login.password.reveal()]);
  }
}
