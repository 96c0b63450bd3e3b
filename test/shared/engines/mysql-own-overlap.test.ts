import { describe, expect, it } from 'vitest';
import { changeKeepingOwn, endKept, overlapBy } from '../../../shared/engines/mysql-own-overlap.ts';
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

/** A server that answers by the statement and its values, and remembers what it was asked. */
function recording(answers: Readonly<Record<string, Answer>> = {}) {
  const asked: string[] = [];
  return {
    asked,
    async ask(statement: string, values: readonly string[] = []) {
      const question = [statement, ...values].join(' | ');
      asked.push(question);
      const answer = { 'SELECT VERSION() AS version': [{ version: '8.4.3' }], ...answers }[question] ?? [];
      if ('errno' in answer) throw Object.assign(new Error('as the driver words it'), answer);
      return answer;
    },
  };
}

const grants = (...lines: readonly string[]) => ({
  'SHOW GRANTS': lines.map((line) => ({ 'Grants for app@%': line })),
});

const PREPARED = [
  "SET NAMES utf8mb4, SESSION sql_mode = '', SESSION sql_quote_show_create = 1, SESSION autocommit = 1",
  'SET SESSION TRANSACTION READ WRITE',
];

describe('who gives the second password, by the statements alone (no MySQL 8 server is at hand)', () => {
  it.each<[string, string, readonly string[]]>([
    ['the account with APPLICATION_PASSWORD_ADMIN', 'itself', ['GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO `app`@`%`']],
    [
      'the account that has it among others',
      'itself',
      [
        'GRANT USAGE ON *.* TO `app`@`%`',
        'GRANT APPLICATION_PASSWORD_ADMIN,AUDIT_ADMIN ON *.* TO `app`@`%` WITH GRANT OPTION',
      ],
    ],
    ['nobody without the privilege', 'nobody', ['GRANT USAGE ON *.* TO `app`@`%`']],
    [
      'nobody where only a name looks like it',
      'nobody',
      [
        'GRANT USAGE ON *.* TO `APPLICATION_PASSWORD_ADMIN`@`%`',
        'GRANT SELECT ON `APPLICATION_PASSWORD_ADMIN`.* TO `app`@`%`',
        'GRANT `APPLICATION_PASSWORD_ADMIN`@`%` TO `app`@`%`',
      ],
    ],
  ])('%s', async (_, by, lines) => {
    expect(await overlapBy(recording(grants(...lines)), login)).toMatchObject({ by });
  });

  it('what is missing is said as a statement', async () => {
    expect(await overlapBy(recording(), login)).toMatchObject({
      otherwise: expect.stringContaining('GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO'),
    });
  });

  it('a superuser, where the server says that it is MariaDB', async () => {
    const server = recording({ 'SELECT VERSION() AS version': [{ version: '10.11.6-MariaDB' }] });
    expect(await overlapBy(server, login)).toMatchObject({ by: 'a superuser' });
    expect(server.asked).toEqual(['SELECT VERSION() AS version']);
  });

  it('nobody while the password has expired, since the account may ask nothing', async () => {
    const server = recording({ 'SELECT VERSION() AS version': { errno: 1820, sqlMessage: 'You must reset' } });
    expect(await overlapBy(server, login)).toMatchObject({ by: 'nobody' });
  });
});

describe('keeping the current password on MySQL 8, by the statements alone (no such server is at hand)', () => {
  const change = 'ALTER USER USER() IDENTIFIED BY ? RETAIN CURRENT PASSWORD';

  it('the current password is made the primary one before it is retained, since only that is', async () => {
    const server = recording();
    await changeKeepingOwn(server, login, candidate);
    expect(server.asked).toEqual([...PREPARED, `${change} | current password`, `${change} | new password`]);
  });

  it('a rule against using a password again does not stop it: then the current one is taken for the primary', async () => {
    const server = recording({ [`${change} | current password`]: { errno: 3638, sqlMessage: 'password history' } });
    await changeKeepingOwn(server, login, candidate);
    expect(server.asked.at(-1)).toBe(`${change} | new password`);
  });

  it('an account with PASSWORD REQUIRE CURRENT gives its current password, once it is asked for it', async () => {
    const required = { errno: 3892, sqlMessage: 'Current password needs to be specified' };
    const server = recording({ [`${change} | current password`]: required, [`${change} | new password`]: required });
    await changeKeepingOwn(server, login, candidate);
    expect(server.asked.at(-1)).toBe(
      'ALTER USER USER() IDENTIFIED BY ? REPLACE ? RETAIN CURRENT PASSWORD | new password | current password',
    );
  });

  it.each([
    [1819, 'CandidateRefused'],
    [3638, 'CandidateRefused'],
    [1227, 'PasswordChangeForbidden'],
    [1064, 'DatabaseRefused'],
    [1290, 'DatabaseRefused'],
  ])('error %i to the new password is %s, and tells no password', async (errno, name) => {
    const server = recording({ [`${change} | new password`]: { errno, sqlMessage: 'no' } });
    const error = await failureOf(changeKeepingOwn(server, login, candidate));
    expect(error.name).toBe(name);
    expect(error.message).not.toMatch(/new password'|current password/);
  });

  it('what was kept is discarded by name', async () => {
    const server = recording();
    await endKept(server, login);
    expect(server.asked).toEqual(['ALTER USER USER() DISCARD OLD PASSWORD']);
  });
});
