import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { UserPair } from '../../../shared/engines/alternating-engine.ts';
import { postgresAlternating } from '../../../shared/engines/postgres-alternating.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { createSuperuser, SUPERUSER } from '../../support/alternating-roles.ts';
import { vouched } from '../../support/claims.ts';
import { failureOf } from '../../support/failure.ts';
import { dropRoles, newName, rolesOf } from '../../support/pair-rotation.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { startTestServer, type TestServer } from './postgres-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: { ssl: 'off' } });
  await createSuperuser(server);
  await server.query('CREATE DATABASE other');
});
afterAll(() => server.stop());

/** A first user, and a clone that somebody else has left behind by these statements. */
async function newPair(...statements: readonly string[]): Promise<UserPair> {
  const first = newName();
  const pair = { first, clone: `${first}_clone` };
  onTestFinished(() => dropRoles(server, pair.clone, first));
  await server.query(`CREATE ROLE ${first} LOGIN; CREATE ROLE ${pair.clone} LOGIN PASSWORD 'old'`, SUPERUSER);
  for (const statement of statements) await run(statement, pair);
  return pair;
}

async function run(statement: string, { first, clone }: UserPair, database = 'postgres'): Promise<void> {
  const sql = statement.replace(/\bFIRST\b/g, first).replace(/\bCLONE\b/g, clone);
  await server.query(sql, { ...server.superuser, database });
}

async function letIn(user: string, pair: UserPair): Promise<void> {
  const session = await postgresAlternating.connect(server.login(SUPERUSER.username, SUPERUSER.password), timeLimit());
  await session.letIn(user, pair, new Sensitive('new'), vouched()).finally(() => session.close());
}

/** What letting in fails with, whichever of the two it is for; that nothing is changed is checked here. */
async function refusal(pair: UserPair): Promise<Error> {
  const before = await rolesOf(server);
  const forFirst = await failureOf(letIn(pair.first, pair));
  const forClone = await failureOf(letIn(pair.clone, pair));
  expect([forFirst.name, forClone.name]).toEqual(['AlternateRefused', 'AlternateRefused']);
  expect(await rolesOf(server)).toEqual(before);
  return forClone;
}

const TEMPLATE = 'GRANT FIRST TO CLONE';

describe('a clone that is there already is adopted', () => {
  it.each<[string, ...string[]]>([
    ['as the AWS template makes it', TEMPLATE],
    ['with settings of its own', TEMPLATE, "ALTER ROLE CLONE SET work_mem = '9MB'; ALTER ROLE CLONE SET role = 'none'"],
    ['although it may not log in or inherit', TEMPLATE, 'ALTER ROLE CLONE NOLOGIN NOINHERIT'],
    ['although its time has run out', TEMPLATE, "ALTER ROLE CLONE VALID UNTIL '2001-01-01' CONNECTION LIMIT 0"],
    ['with two grants of the same role', TEMPLATE, `GRANT FIRST TO CLONE GRANTED BY ${SUPERUSER.username}`],
    [
      'with privileges where the first user has some, too',
      `${TEMPLATE}; GRANT CONNECT ON DATABASE postgres TO FIRST, CLONE`,
    ],
    [
      'with default privileges for what it never creates',
      `${TEMPLATE}; ALTER DEFAULT PRIVILEGES FOR ROLE CLONE GRANT SELECT ON TABLES TO FIRST`,
    ],
  ])('%s', async (_, ...statements) => {
    const pair = await newPair(...statements);
    await letIn(pair.clone, pair);
    const session = await postgresAlternating.connect(server.login(pair.clone, 'new'), timeLimit());
    await session.proveRights(pair).finally(() => session.close());
  });
});

describe('a clone that is there already is refused, and nothing is changed,', () => {
  it.each([
    ['no member of any role', ''],
    ['a member of another role only', 'GRANT pg_monitor TO CLONE'],
    ['a member of another role as well', `${TEMPLATE}; GRANT pg_monitor TO CLONE`],
    [
      'a member of another role as well, without its rights',
      `${TEMPLATE}; GRANT pg_monitor TO CLONE WITH INHERIT FALSE, SET FALSE`,
    ],
    ['a member without SET', 'GRANT FIRST TO CLONE WITH SET FALSE'],
    ['a member in name only', 'GRANT FIRST TO CLONE WITH INHERIT FALSE, SET FALSE'],
    ['what the first user is a member of', 'GRANT CLONE TO FIRST'],
  ])('if it is %s', async (_, statement) => {
    const pair = await newPair(statement);
    const { message } = await refusal(pair);
    expect(message).toContain(`GRANT "${pair.first}" TO "${pair.clone}"`);
  });

  it('as long as its membership is without SET; the statement of the error helps', async () => {
    const pair = await newPair('GRANT FIRST TO CLONE WITH SET FALSE');
    await run(statementIn(await refusal(pair), 'GRANT'), pair);
    await letIn(pair.clone, pair);
  });

  it.each(['SUPERUSER', 'CREATEROLE', 'CREATEDB', 'REPLICATION', 'BYPASSRLS'])(
    'if it has %s; the statement of the error helps',
    async (attribute) => {
      const pair = await newPair(TEMPLATE, `ALTER ROLE CLONE ${attribute}`);
      await run(statementIn(await refusal(pair), 'ALTER ROLE'), pair);
      await letIn(pair.clone, pair);
    },
  );

  it.each([
    ['a table', 'CREATE TABLE t (); ALTER TABLE t OWNER TO CLONE', 'DROP TABLE t', 'postgres'],
    ['a table in another database', 'CREATE TABLE t (); ALTER TABLE t OWNER TO CLONE', 'DROP TABLE t', 'other'],
    ['a schema', 'CREATE SCHEMA s AUTHORIZATION CLONE', 'DROP SCHEMA s', 'postgres'],
    ['a database', 'ALTER DATABASE other OWNER TO CLONE', 'ALTER DATABASE other OWNER TO postgres', 'postgres'],
  ])('if it owns %s; the statement of the error helps', async (_, own, disown, database) => {
    const pair = await newPair(TEMPLATE);
    await run(own, pair, database);
    onTestFinished(() => run(disown, pair, database));
    const error = await refusal(pair);
    expect(error.message).toContain(own.includes('DATABASE') ? 'whole server' : `database ${database}`);
    await run(statementIn(error, 'REASSIGN OWNED'), pair, database);
    await letIn(pair.clone, pair);
  });

  it.each([
    ['a table', 'CREATE TABLE t (); GRANT SELECT ON t TO CLONE', 'DROP TABLE t', 'postgres'],
    ['a column in another database', 'CREATE TABLE t (a int); GRANT SELECT (a) ON t TO CLONE', 'DROP TABLE t', 'other'],
    ['rows', 'CREATE TABLE t (); CREATE POLICY p ON t TO CLONE', 'DROP TABLE t', 'postgres'],
    ['a database', 'GRANT CREATE ON DATABASE other TO CLONE', 'SELECT 1', 'postgres'],
  ])(
    'if it has privileges on %s and the first user has none; the statement of the error helps',
    async (_, grant, drop, database) => {
      const pair = await newPair(TEMPLATE);
      await run(grant, pair, database);
      onTestFinished(() => run(drop, pair, database));
      const error = await refusal(pair);
      await run(statementIn(error, 'DROP OWNED'), pair, database);
      await letIn(pair.clone, pair);
    },
  );
});

describe('a first user', () => {
  it('that is not there is refused, with the tag that would make the clone the first', async () => {
    const pair = await newPair();
    await server.query(`DROP ROLE ${pair.first}`);
    const { message } = await refusal(pair);
    expect(message).toContain(`rotation:first-user = ${pair.clone}`);
  });

  it('that may not log in, such as a group, is not made to', async () => {
    const pair = await newPair(TEMPLATE, 'ALTER ROLE FIRST NOLOGIN');
    await run(statementIn(await refusal(pair), 'ALTER ROLE'), pair);
    await letIn(pair.first, pair);
  });
});

/** The statement in an error that begins like this, up to its semicolon. */
function statementIn({ message }: Error, beginning: string): string {
  const [statement] = new RegExp(`${beginning} "[^;]*;|${beginning} BY [^;]*;`).exec(message) ?? [];
  if (statement === undefined) throw new Error(`There is no statement ${beginning} in: ${message}`);
  return statement;
}
