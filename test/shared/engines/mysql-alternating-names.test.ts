import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accountName } from '../../../shared/engines/mysql-account.ts';
import { mysqlAlternating } from '../../../shared/engines/mysql-alternating.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { vouched } from '../../support/claims.ts';
import { strangeText } from '../../support/strange-text.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { describeWithMysql } from '../../support/with-mysql.ts';
import { identifier, startTestServer, type TestServer } from './mysql-server.ts';

const PAIR = { first: 'app', clone: 'app_clone' };

describeWithMysql('the clone of a user with rights to things of any name, at accounts for any host,', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer(kind, { settings: { 'sql-mode': 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES' } });
  });
  afterAll(() => server.stop());

  const held = (text: string) => server.nameOf?.(text) ?? text;
  const names = strangeText(60).map((text) => `n${held(text)}`);
  // MySQL does not find accounts again that it has just made for hosts of other characters.
  const host = (text: string) => (kind === 'mysql' ? text.replace(/[^\w.%-]/gu, '') : text);
  const hosts = strangeText(60).map((text) => `h${held(host(text.replaceAll('@', '')))}`);

  async function letIn(): Promise<void> {
    const { username, password } = server.superuser;
    const session = await mysqlAlternating.connect(server.login(username, password), timeLimit());
    await session.letIn(PAIR.clone, PAIR, new Sensitive('new'), vouched()).finally(() => session.close());
  }

  /** What an account may do besides logging in, without its name. */
  async function rights(user: string, host: string): Promise<readonly string[]> {
    const rows = await server.query(`SHOW GRANTS FOR ${accountName(user, host)}`);
    const lines = rows.map((row) => String(Object.values(row)[0]));
    return lines.filter((line) => !line.startsWith('GRANT USAGE')).map((line) => line.replace(/ TO "\w+"@.*$/s, ''));
  }

  it('gets the same rights, and loses them when the first user does', async () => {
    await fc.assert(
      fc.asyncProperty(names, names, names, hosts, async (database, table, column, host) => {
        const first = accountName(PAIR.first, host);
        const [inDatabase, onTable] = [`${identifier(database)}.*`, `${identifier(database)}.${identifier(table)}`];
        try {
          await server.query(`CREATE DATABASE ${identifier(database)}`);
          await server.query(`CREATE TABLE ${onTable} (${identifier(column)} int)`);
          await server.query(`CREATE USER ${first} IDENTIFIED BY 'old'`);
          await server.query(`GRANT SELECT ON ${inDatabase} TO ${first}`);
          await server.query(`GRANT UPDATE (${identifier(column)}) ON ${onTable} TO ${first} WITH GRANT OPTION`);
          const wanted = await rights(PAIR.first, host);
          expect(wanted).toHaveLength(2);
          await letIn();
          expect(await rights(PAIR.clone, host)).toEqual(wanted);
          expect(await rights(PAIR.first, host)).toEqual(wanted);

          await server.query(`REVOKE ALL, GRANT OPTION FROM ${first}`);
          await letIn();
          expect(await rights(PAIR.clone, host)).toEqual([]);
        } finally {
          await server.query(`DROP DATABASE IF EXISTS ${identifier(database)}`);
          for (const user of [PAIR.first, PAIR.clone])
            await server.query(`DROP USER IF EXISTS ${accountName(user, host)}`);
        }
      }),
      { numRuns: 20 },
    );
  });
});
