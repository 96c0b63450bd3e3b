import type { Sensitive } from '../secrets/sensitive.ts';
import type { DatabaseLogin } from './engine.ts';
import { firstText, PREPARE } from './mysql-account.ts';
import type { MysqlConnection } from './mysql-connection.ts';
import { isRefusal, passwordChangeError, statementError } from './mysql-errors.ts';
import { refuseTooLong } from './mysql-limits.ts';
import type { OverlapBy } from './overlapping-engine.ts';

type Asking = Pick<MysqlConnection, 'ask'>;

/** The privileges by which a MySQL account keeps and ends a second password of its own, as `SHOW GRANTS` tells them. */
const PRIVILEGED = /^GRANT [A-Z_, ]*\b(APPLICATION_PASSWORD_ADMIN|CREATE USER)\b[A-Z_, ]* ON \*\.\* TO /;
const KEEP = 'RETAIN CURRENT PASSWORD';

/** Who can give this user two passwords, as the server itself says; on MariaDB, by what it is. Never asks for a privilege. */
export async function overlapBy(
  { ask, greeting }: Pick<MysqlConnection, 'ask' | 'greeting'>,
  login: DatabaseLogin,
): Promise<OverlapBy> {
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
    const expired = `${where} lets ${login.username}, whose password has expired, only change it.`;
    // The user itself could change the first of two passwords, and not end the other.
    if (/mariadb/i.test(greeting)) return { by: 'a superuser', otherwise: expired };
    return { by: 'nobody', otherwise: expired, unknownUntilChanged: true };
  }
  return {
    by: 'nobody',
    otherwise: `${where} does not let ${login.username} keep its old password. From MySQL 8.0.14 on: GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO the account. Nor may it end a password that it kept before it lost that privilege: as a superuser, ALTER USER … DISCARD OLD PASSWORD.`,
  };
}

/**
 * What RETAIN keeps is the account's first password, which need not be the one that has logged in: another copy of this
 * step, or a rotation that was given up, may have made that the second. REPLACE changes the first password only if it is the one
 * that is named, so that each statement here does nothing unless the account is in the state that it is for, whatever others do
 * meanwhile; no password is tried by logging in, which accounts with FAILED_LOGIN_ATTEMPTS count. All seen on 9.7.
 * https://dev.mysql.com/doc/refman/8.4/en/password-management.html#dual-passwords
 */
export async function changeKeepingOwn({ ask }: Asking, login: DatabaseLogin, password: Sensitive): Promise<void> {
  refuseTooLong(password, login);
  await prepare({ ask }, login);
  try {
    if (await replaced(ask, password, password, '')) return;
    if (await replaced(ask, login.password, password, KEEP)) return;
    // What logged in is the second password, and stays that where the first is changed without RETAIN.
    await ask('ALTER USER USER() IDENTIFIED BY ?', [password.reveal()]);
  } catch (error) {
    throw passwordChangeError(error, login);
  }
}

/** @returns whether `from` was the account's first password, which `to` is now */
async function replaced(ask: Asking['ask'], from: Sensitive, to: Sensitive, keep: string): Promise<boolean> {
  try {
    await ask(`ALTER USER USER() IDENTIFIED BY ? REPLACE ? ${keep}`.trimEnd(), [to.reveal(), from.reveal()]);
    return true;
  } catch (error) {
    if (isRefusal(error, 'not the first password')) return false;
    throw error;
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
