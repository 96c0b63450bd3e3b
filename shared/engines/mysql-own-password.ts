import { PasswordChangeForbidden } from '../errors.ts';
import type { Sensitive } from '../secrets/sensitive.ts';
import type { DatabaseLogin } from './engine.ts';
import {
  type AuthenticationMethod,
  authenticationMethods,
  currentAccount,
  firstText,
  PREPARE,
} from './mysql-account.ts';
import type { MysqlConnection } from './mysql-connection.ts';
import { isRefusal, passwordChangeError, statementError } from './mysql-errors.ts';
import { refuseTooLong } from './mysql-limits.ts';
import { ed25519Verifier, nativeVerifier } from './mysql-verifiers.ts';

type Asking = Pick<MysqlConnection, 'ask' | 'greeting'>;

/**
 * Gives the account that is logged in a new password, whatever `init_connect` and the server's defaults have made of the
 * session. No role has a part in it: an account may change its own password without any privilege.
 *
 * MariaDB takes what it will store, so the password stands in no statement; except where a plugin checks passwords
 * (`strict_password_validation`), which no verifier can pass. MySQL takes nothing but the password itself from an account
 * that may not change others. Then it goes over the connection in clear: encrypted, unless the secret says
 * `"ssl": false`, which declares the network trusted, and as the AWS-provided templates send it always. MySQL keeps it
 * out of its logs: https://dev.mysql.com/doc/refman/8.4/en/password-logging.html
 *
 * @throws as `Session.changeOwnPassword`
 */
export async function changeOwnPassword(
  { ask, greeting }: Asking,
  login: DatabaseLogin,
  password: Sensitive,
): Promise<void> {
  try {
    await ask(PREPARE);
    // Its variable has one name in MySQL and another in MariaDB; the statement has one.
    await ask('SET SESSION TRANSACTION READ WRITE');
  } catch (error) {
    // With an expired password MySQL takes nothing but a new one; MariaDB takes SET.
    if (!isRefusal(error, 'password expired')) throw statementError(error, login);
  }
  const version = await versionOf(ask, greeting, login);
  const account = { ask, login, password };
  if (/mariadb/i.test(version)) return await changeAtMariadb(account);
  refuseTooLong(password, login);
  await changeAtMysql(account);
}

interface Account {
  readonly ask: Asking['ask'];
  readonly login: DatabaseLogin;
  readonly password: Sensitive;
}

/** https://mariadb.com/docs/server/reference/sql-statements/account-management-sql-statements/set-password */
async function changeAtMariadb({ ask, login, password }: Account): Promise<void> {
  const methods = await methodsOf(ask, login);
  const verifier = verifierFor(methods, password, login);
  try {
    if (verifier === undefined) await ask('SET PASSWORD = PASSWORD(?)', [password.reveal()]);
    else await ask('SET PASSWORD = ?', [verifier.reveal()]);
  } catch (error) {
    if (verifier !== undefined && isRefusal(error, 'verifier')) {
      return await changeAtMariadbInClear(ask, login, password, verifier);
    }
    await unlessStored(verifier, ask, login, error);
  }
}

async function changeAtMariadbInClear(
  ask: Asking['ask'],
  login: DatabaseLogin,
  password: Sensitive,
  verifier: Sensitive,
): Promise<void> {
  try {
    await ask('SET PASSWORD = PASSWORD(?)', [password.reveal()]);
  } catch (error) {
    await unlessStored(verifier, ask, login, error);
  }
}

/**
 * Of an account with several methods, such as unix_socket and a password, MariaDB sets the one that has a password and
 * complains about those before it with an error all the same (seen on 10.11): what it stores tells.
 */
async function unlessStored(
  verifier: Sensitive | undefined,
  ask: Asking['ask'],
  login: DatabaseLogin,
  error: unknown,
): Promise<void> {
  if (verifier !== undefined && isRefusal(error, 'method')) {
    const methods = await methodsOf(ask, login);
    if (methods?.some(({ stored }) => stored === verifier.reveal())) return;
  }
  throw passwordChangeError(error, login);
}

/** https://dev.mysql.com/doc/refman/8.4/en/alter-user.html: the account's plugin stays, the verifier is made there. */
async function changeAtMysql({ ask, login, password }: Account): Promise<void> {
  try {
    await ask('ALTER USER USER() IDENTIFIED BY ?', [password.reveal()]);
  } catch (error) {
    if (isRefusal(error, 'no such account')) await refuseAnonymous(ask, login);
    if (!isRefusal(error, 'current password missing')) throw passwordChangeError(error, login);
    // The account or the server says PASSWORD REQUIRE CURRENT. Not sent before it is asked for: MySQL 5.7 knows it not.
    try {
      await ask('ALTER USER USER() IDENTIFIED BY ? REPLACE ?', [password.reveal(), login.password.reveal()]);
    } catch (again) {
      throw passwordChangeError(again, login);
    }
  }
}

/** MySQL looks for an account by the name of the login, where an anonymous account has taken it (seen on 9.7). */
async function refuseAnonymous(ask: Asking['ask'], login: DatabaseLogin): Promise<void> {
  const account = await currentAccount(ask, login);
  if (account.user !== '') return;
  throw new PasswordChangeForbidden(
    `${login.username} logs in at ${login.host}:${login.port}, but as the anonymous account ''@${account.host}. Nothing was changed. Drop that account, or narrow its host.`,
  );
}

/** Asked of the server itself: a proxy in between may greet as something else. An expired password may not ask. */
async function versionOf(ask: Asking['ask'], greeting: string, login: DatabaseLogin): Promise<string> {
  try {
    const [row] = await ask('SELECT VERSION() AS version');
    return String(row?.['version']);
  } catch (error) {
    if (isRefusal(error, 'password expired')) return greeting;
    throw statementError(error, login);
  }
}

/** @returns undefined if the server does not say */
async function methodsOf(
  ask: Asking['ask'],
  login: DatabaseLogin,
): Promise<readonly AuthenticationMethod[] | undefined> {
  try {
    const [row] = await ask('SHOW CREATE USER');
    return authenticationMethods(firstText(row));
  } catch (error) {
    if (isRefusal(error, 'password expired')) return undefined;
    throw statementError(error, login);
  }
}

/** Methods that are a password of this account. Others ask the operating system or a directory. */
const PASSWORDS: Readonly<Record<string, ((password: Sensitive) => Sensitive) | 'made by the server'>> = {
  mysql_native_password: nativeVerifier,
  ed25519: ed25519Verifier,
  mysql_old_password: 'made by the server',
  parsec: 'made by the server',
  caching_sha2_password: 'made by the server',
  sha256_password: 'made by the server',
};

/** Whether a method is a password that the server itself keeps. */
export function keepsPassword({ plugin }: AuthenticationMethod): boolean {
  return Object.hasOwn(PASSWORDS, plugin);
}

/** @returns undefined where the server has to make it */
function verifierFor(
  methods: readonly AuthenticationMethod[] | undefined,
  password: Sensitive,
  login: DatabaseLogin,
): Sensitive | undefined {
  if (methods === undefined) return undefined;
  const kinds = methods.flatMap(
    ({ plugin }) => (Object.hasOwn(PASSWORDS, plugin) ? PASSWORDS[plugin] : undefined) ?? [],
  );
  const where = `MySQL at ${login.host}:${login.port}`;
  if (kinds.length > 1) {
    throw new PasswordChangeForbidden(
      `${where} knows several passwords of ${login.username}, and SET PASSWORD changes only the first: the others would stay good for ever. Nothing was changed. Name a superuser in the secret's masterarn, who then ends all but the new one; or leave the account one password yourself (ALTER USER … IDENTIFIED VIA …, as a superuser).`,
    );
  }
  const [kind] = kinds;
  if (kind === undefined) {
    throw new PasswordChangeForbidden(
      `${where} lets ${login.username} in without a password of its own (${methods.map(({ plugin }) => plugin).join(', ')}): there is nothing to rotate here.`,
    );
  }
  return typeof kind === 'function' ? kind(password) : undefined;
}
