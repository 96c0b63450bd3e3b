import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { logsIn } from '../../../local/databases/database-server.ts';
import { mysqlOverlapping } from '../../../shared/engines/mysql-overlapping.ts';
import { overlapBy } from '../../../shared/engines/mysql-own-overlap.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { failureOf } from '../../support/failure.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { describeWithMysql } from '../../support/with-mysql.ts';
import { startTestServer, type TestServer } from './mysql-server.ts';

const login = {
  host: 'db.example',
  port: 3306,
  database: '',
  username: 'app',
  password: new Sensitive('current password'),
  tls: 'verified' as const,
};

/** What a server would say: rows, or an error by its number. */
type Answer = readonly Record<string, unknown>[] | { readonly errno: number; readonly sqlMessage: string };

/** A server that answers by the statement and its values, and remembers what it was asked. */
function recording(answers: Readonly<Record<string, Answer>> = {}) {
  const asked: string[] = [];
  return {
    asked,
    greeting: '8.4.3',
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

describe('who gives the second password', () => {
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

describeWithMysql(
  'an account that keeps its own password',
  (kind) => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startTestServer(kind);
    });
    afterAll(() => server.stop());

    const PASSWORDS = ['first-password', 'abandoned-password', 'new-password', 'old-password'];
    const connect = (username: string, password: string) =>
      mysqlOverlapping.connect(server.login(username, password), timeLimit());

    async function live(username: string): Promise<readonly string[]> {
      const tried = PASSWORDS.map(async (password) =>
        (await logsIn(server, { username, password })) ? [password] : [],
      );
      return (await Promise.all(tried)).flat();
    }

    /** An account whose passwords these are, the second one kept by RETAIN. */
    async function account(options: string, first: string, second?: string): Promise<string> {
      const name = `app_${randomBytes(4).toString('hex')}`;
      onTestFinished(() => server.dropUser(name));
      await server.query(`CREATE USER ${name}@'%' IDENTIFIED BY '${second ?? first}' ${options}`);
      await server.query(`GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO ${name}@'%'`);
      if (second !== undefined) {
        await server.query(`ALTER USER ${name}@'%' IDENTIFIED BY '${first}' RETAIN CURRENT PASSWORD`);
      }
      return name;
    }

    async function keep(name: string, current: string, candidate = 'new-password'): Promise<void> {
      const session = await connect(name, current);
      await session.changeKeepingOwn(new Sensitive(candidate)).finally(() => session.close());
    }

    const OPTIONS = ['', 'PASSWORD HISTORY 5', 'FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME 1'] as const;

    describe.each(OPTIONS)('with the options "%s"', (options) => {
      it('has both passwords, and no other', async () => {
        const name = await account(options, 'first-password', 'old-password');
        await keep(name, 'first-password');
        expect(await liveOf(name, options)).toEqual(['first-password', 'new-password']);
      });

      it('has both when it is repeated, also from the one that was kept', async () => {
        const name = await account(options, 'first-password');
        await keep(name, 'first-password');
        await keep(name, 'first-password');
        await keep(name, 'first-password');
        expect(await liveOf(name, options)).toEqual(['first-password', 'new-password']);
      });

      it('keeps the one that logged in after a rotation that was given up, whose password ends', async () => {
        const name = await account(options, 'first-password');
        await keep(name, 'first-password', 'abandoned-password');
        await keep(name, 'first-password');
        expect(await liveOf(name, options)).toEqual(['first-password', 'new-password']);
      });

      it('has both when six copies do it at once', async () => {
        const name = await account(options, 'first-password');
        const sessions = await Promise.all(Array.from({ length: 6 }, () => connect(name, 'first-password')));
        const copies = sessions.map((session) => session.changeKeepingOwn(new Sensitive('new-password')));
        await Promise.all(copies.map((copy, index) => copy.finally(() => sessions[index]?.close())));
        expect(await liveOf(name, options)).toEqual(['first-password', 'new-password']);
      });
    });

    /** To look must not lock: the limit is lifted first. */
    async function liveOf(name: string, options: string): Promise<readonly string[]> {
      if (options.startsWith('FAILED')) await server.query(`ALTER USER ${name}@'%' FAILED_LOGIN_ATTEMPTS 0`);
      return (await live(name)).toSorted();
    }

    it('that must give its current password does, as long as that is the first one', async () => {
      const name = await account('PASSWORD REQUIRE CURRENT', 'first-password');
      await keep(name, 'first-password');
      expect(await live(name)).toEqual(['first-password', 'new-password']);
    });

    it('ends what it kept, and may do so again', async () => {
      const name = await account('', 'first-password', 'old-password');
      const session = await connect(name, 'first-password');
      await session.endKept();
      await session.endKept();
      await session.close();
      expect(await live(name)).toEqual(['first-password']);
    });

    it('without the privilege may neither, by name', async () => {
      const name = await account('', 'first-password', 'old-password');
      await server.query(`REVOKE APPLICATION_PASSWORD_ADMIN ON *.* FROM ${name}@'%'`);
      const session = await connect(name, 'first-password');
      onTestFinished(() => session.close());
      expect(await session.overlapBy()).toMatchObject({ by: 'nobody' });
      expect(await failureOf(session.changeKeepingOwn(new Sensitive('new-password')))).toMatchObject({
        name: 'PasswordChangeForbidden',
      });
      expect(await live(name)).toEqual(['first-password', 'old-password']);
    });
  },
  { only: ['mysql'] },
);
