import { describe, expect, it } from 'vitest';
import { changeOwnPassword } from '../../../shared/engines/mysql-own-password.ts';
import { ed25519Verifier, nativeVerifier } from '../../../shared/engines/mysql-verifiers.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { failureOf } from '../../support/failure.ts';

const login = {
  host: 'db.example',
  port: 3306,
  database: '',
  username: 'app',
  password: new Sensitive('current password'),
  tls: 'verified' as const,
};
const candidate = new Sensitive('new password');

/** What a server would say: rows, or an error by its number. */
type Answer = readonly Record<string, unknown>[] | { readonly errno: number; readonly sqlMessage: string };

/** A server that answers by the statement, and remembers what it was asked. */
function fakeServer(version: string, answers: Readonly<Record<string, Answer>> = {}) {
  const asked: string[] = [];
  return {
    asked,
    greeting: version,
    async ask(statement: string, values: readonly string[] = []) {
      asked.push([statement, ...values].join(' | '));
      const answer = { 'SELECT VERSION() AS version': [{ version }], ...answers }[statement] ?? [];
      if ('errno' in answer) throw Object.assign(new Error('as the driver words it'), answer);
      return answer;
    },
  };
}

const PREPARED = [
  "SET NAMES utf8mb4, SESSION sql_mode = '', SESSION sql_quote_show_create = 1, SESSION autocommit = 1",
  'SET SESSION TRANSACTION READ WRITE',
];

describe('on MySQL, by its statements alone', () => {
  const mysql8 = (answers = {}) => fakeServer('8.4.3', answers);

  it('an account changes itself by ALTER USER USER(), the only form that needs no privilege', async () => {
    const server = mysql8();
    await changeOwnPassword(server, login, candidate);
    expect(server.asked).toEqual([
      ...PREPARED,
      'SELECT VERSION() AS version',
      'ALTER USER USER() IDENTIFIED BY ? | new password',
    ]);
  });

  it('Aurora MySQL is asked the same', async () => {
    const server = fakeServer('8.0.39');
    await changeOwnPassword(server, login, candidate);
    expect(server.asked.at(-1)).toBe('ALTER USER USER() IDENTIFIED BY ? | new password');
  });

  it('an account with PASSWORD REQUIRE CURRENT gives its current password, once it is asked for it', async () => {
    const server = mysql8({
      'ALTER USER USER() IDENTIFIED BY ?': { errno: 3892, sqlMessage: 'Current password needs to be specified' },
    });
    await changeOwnPassword(server, login, candidate);
    expect(server.asked.at(-1)).toBe('ALTER USER USER() IDENTIFIED BY ? REPLACE ? | new password | current password');
  });

  it('an account whose password has expired may not ask for the version: the greeting tells it', async () => {
    const server = mysql8({ 'SELECT VERSION() AS version': { errno: 1820, sqlMessage: 'You must reset' } });
    await changeOwnPassword(server, login, candidate);
    expect(server.asked.at(-1)).toBe('ALTER USER USER() IDENTIFIED BY ? | new password');
  });

  it.each([
    [1819, 'Your password does not satisfy the current policy requirements', 'CandidateRefused'],
    [
      3638,
      "Cannot use these credentials for 'app@%' because they contradict the password history policy",
      'CandidateRefused',
    ],
    [1044, "Access denied for user 'app'@'%' to database 'mysql'", 'PasswordChangeForbidden'],
    [1131, 'You are using MySQL as an anonymous user', 'PasswordChangeForbidden'],
    [1227, 'Access denied; you need (at least one of) the CREATE USER privilege(s)', 'PasswordChangeForbidden'],
    [1290, 'The MySQL server is running with the --read-only option', 'Unreachable'],
    [1290, 'The MySQL server is running with the --skip-grant-tables option', 'DatabaseRefused'],
    [1396, "Operation ALTER USER failed for 'app'@'%'", 'DatabaseRefused'],
    [3891, 'Incorrect current password', 'DatabaseRefused'],
    [1053, 'Server shutdown in progress', 'Unreachable'],
  ])('an answer %i (%s) is %s', async (errno, sqlMessage, name) => {
    const server = mysql8({ 'ALTER USER USER() IDENTIFIED BY ?': { errno, sqlMessage } });
    const error = await failureOf(changeOwnPassword(server, login, candidate));
    expect(error.name).toBe(name);
    expect(error.message).toContain('db.example:3306');
    expect(error.message).toContain(sqlMessage);
  });

  it('a server that does not know the statement quotes it: neither the error nor its cause does', async () => {
    const sqlMessage = "You have an error in your SQL syntax near 'IDENTIFIED BY 'new password'' at line 1";
    const server = mysql8({ 'ALTER USER USER() IDENTIFIED BY ?': { errno: 1064, sqlMessage } });
    const error = await failureOf(changeOwnPassword(server, login, candidate));
    expect(error.name).toBe('DatabaseRefused');
    expect(error.message).not.toContain('new password');
    expect(error.cause).toBeUndefined();
  });
});

describe('on MariaDB', () => {
  const mariadb = (account: string, answers = {}) =>
    fakeServer('10.11.19-MariaDB', { 'SHOW CREATE USER': [{ 'CREATE USER for app@%': account }], ...answers });
  const REFUSES_VERIFIERS = {
    errno: 1290,
    sqlMessage: 'The MariaDB server is running with the --strict-password-validation option',
  };

  it.each([
    ["IDENTIFIED BY PASSWORD '*6FE2B845E049CDA9EFED8CFAF265CD29622FD852'", nativeVerifier],
    ["IDENTIFIED VIA ed25519 USING 'ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY' REQUIRE SSL", ed25519Verifier],
    ["IDENTIFIED VIA unix_socket OR mysql_native_password USING '*6FE2' PASSWORD EXPIRE NEVER", nativeVerifier],
  ])('an account %s is sent its verifier, and no password', async (identified, verifier) => {
    const server = mariadb(`CREATE USER \`app\`@\`%\` ${identified}`);
    await changeOwnPassword(server, login, candidate);
    expect(server.asked.at(-1)).toBe(`SET PASSWORD = ? | ${verifier(candidate).reveal()}`);
    expect(server.asked.join()).not.toContain('new password');
  });

  it('a name cannot pass for a method', async () => {
    const name = "`x``@``%`` IDENTIFIED VIA ed25519 USING 'a'`";
    const server = mariadb(`CREATE USER ${name}@\`%\` IDENTIFIED BY PASSWORD '*6FE2'`);
    await changeOwnPassword(server, login, candidate);
    expect(server.asked.at(-1)).toBe(`SET PASSWORD = ? | ${nativeVerifier(candidate).reveal()}`);
  });

  it.each([
    ['a kind of password whose verifier is not made here', "CREATE USER `app`@`%` IDENTIFIED VIA parsec USING 'P0x'"],
    ['an answer that is not understood', 'CREATE SOMETHING ELSE'],
  ])('%s: the server makes the verifier', async (_, account) => {
    const server = mariadb(account);
    await changeOwnPassword(server, login, candidate);
    expect(server.asked.at(-1)).toBe('SET PASSWORD = PASSWORD(?) | new password');
  });

  it('a server whose rules cannot judge a verifier is sent the password, and only then', async () => {
    const server = mariadb("CREATE USER `app`@`%` IDENTIFIED BY PASSWORD '*6FE2'", {
      'SET PASSWORD = ?': REFUSES_VERIFIERS,
    });
    await changeOwnPassword(server, login, candidate);
    expect(server.asked.slice(-2)).toEqual([
      `SET PASSWORD = ? | ${nativeVerifier(candidate).reveal()}`,
      'SET PASSWORD = PASSWORD(?) | new password',
    ]);
  });

  it('an account without a password of its own is PasswordChangeForbidden, which names its plugin', async () => {
    const error = await failureOf(
      changeOwnPassword(mariadb('CREATE USER `app`@`%` IDENTIFIED VIA pam'), login, candidate),
    );
    expect(error.name).toBe('PasswordChangeForbidden');
    expect(error.message).toContain('(pam)');
  });

  it('a complaint about a method is believed unless the verifier is stored', async () => {
    const server = mariadb("CREATE USER `app`@`%` IDENTIFIED VIA pam OR mysql_native_password USING '*6FE2'", {
      'SET PASSWORD = ?': { errno: 1699, sqlMessage: 'SET PASSWORD is not applicable' },
    });
    expect(await failureOf(changeOwnPassword(server, login, candidate))).toMatchObject({
      name: 'PasswordChangeForbidden',
    });
  });
});
