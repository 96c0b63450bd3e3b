import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { UserPair } from '../../../shared/engines/alternating-engine.ts';
import { postgresAlternating } from '../../../shared/engines/postgres-alternating.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { type AlternatingServer, alternatingEngineSuite } from '../../conformance/alternating-engine.ts';
import { engineSuite } from '../../conformance/engine.ts';
import { createSuperuser, SUPERUSER } from '../../support/alternating-roles.ts';
import { vouched } from '../../support/claims.ts';
import { dropRoles, newName } from '../../support/pair-rotation.ts';
import { strangeText } from '../../support/strange-text.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { identifier, startTestServer, type TestServer } from './postgres-server.ts';

async function startAlternatingServer(): Promise<AlternatingServer> {
  const server = await startTestServer({ settings: { ssl: 'off' } });
  await createSuperuser(server);
  await server.query('CREATE TABLE public.right_of_app ()');
  return {
    ...server,
    letsIn: SUPERUSER,
    async createUser(name, password) {
      await server.query(`CREATE ROLE ${identifier(name)} LOGIN PASSWORD ${pg.escapeLiteral(password)}`, SUPERUSER);
    },
    dropUser: (name) => dropRoles(server, name),
    giveRight: (name) => server.query(`GRANT SELECT ON public.right_of_app TO ${identifier(name)}`),
    useRight: (login) => server.query('TABLE public.right_of_app', login),
  };
}

describe('PostgreSQL', () => {
  engineSuite(postgresAlternating, () => startTestServer({ settings: { ssl: 'off' } }));
  alternatingEngineSuite(postgresAlternating, startAlternatingServer);
});

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: { ssl: 'off' } });
  await createSuperuser(server);
  await server.query(`CREATE DATABASE other`);
  await server.query(
    `GRANT SET ON PARAMETER log_statement, session_preload_libraries, "app.tenant" TO ${SUPERUSER.username}`,
  );
});
afterAll(() => server.stop());

const PASSWORD = 'a new password';

/** A first user of the superuser's making, with these statements run on it by somebody who may do anything. */
async function newPair(first: string, ...statements: readonly string[]): Promise<UserPair> {
  await server.query(`CREATE ROLE ${identifier(first)} LOGIN PASSWORD 'first password'`, SUPERUSER);
  onTestFinished(() => dropRoles(server, `${first}_clone`, first));
  for (const statement of statements) await server.query(statement.replaceAll('APP', () => identifier(first)));
  return { first, clone: `${first}_clone` };
}

async function letIn(user: string, pair: UserPair): Promise<void> {
  const session = await postgresAlternating.connect(server.login(SUPERUSER.username, SUPERUSER.password), timeLimit());
  await session.letIn(user, pair, new Sensitive(PASSWORD), vouched()).finally(() => session.close());
}

async function prove(user: string, pair: UserPair): Promise<void> {
  const session = await postgresAlternating.connect(server.login(user, PASSWORD), timeLimit());
  await session.proveRights(pair).finally(() => session.close());
}

/** Runs SQL as the clone that was let in. */
const asClone = (pair: UserPair, sql: string, database = 'postgres') =>
  server.query(sql, { username: pair.clone, password: PASSWORD, database });

/** What `ALTER ROLE … SET` left, but for `role`, which is the clone's own. */
async function settingsOf(role: string): Promise<readonly unknown[]> {
  return await server.query(`SELECT datname, setting FROM pg_db_role_setting LEFT JOIN pg_database d ON d.oid = setdatabase,
      unnest(setconfig) AS setting
    WHERE setrole = (SELECT oid FROM pg_roles WHERE rolname = ${pg.escapeLiteral(role)}) AND setting NOT LIKE 'role=%'
    ORDER BY 1, 2`);
}

describe('the clone acts as the first user', () => {
  it.each([
    ['from login on', 'SELECT 1'],
    ['after DISCARD ALL', 'DISCARD ALL'],
    ['after RESET ALL', 'RESET ALL'],
    ['after RESET ROLE', 'RESET ROLE'],
  ])('%s', async (_, statement) => {
    const pair = await newPair(newName());
    await letIn(pair.clone, pair);
    await prove(pair.clone, pair);
    const client = new pg.Client({
      host: server.host,
      port: server.port,
      database: 'postgres',
      user: pair.clone,
      password: PASSWORD,
    });
    await client.connect();
    try {
      // DISCARD ALL runs in no transaction block, so each statement is a message of its own.
      await client.query(statement);
      const { rows } = await client.query('SELECT current_user::text AS acts_as, session_user::text AS is');
      expect(rows).toEqual([{ acts_as: pair.first, is: pair.clone }]);
    } finally {
      await client.end();
    }
  });

  it('and what either of them creates belongs to the first, and can be changed by both', async () => {
    const pair = await newPair(newName(), 'CREATE SCHEMA APP AUTHORIZATION APP');
    await letIn(pair.clone, pair);
    await asClone(pair, 'CREATE TABLE by_clone (); CREATE FUNCTION made() RETURNS int LANGUAGE sql AS $$SELECT 1$$');
    const asFirst = { username: pair.first, password: 'first password' };
    await server.query(
      'CREATE TABLE by_first (); ALTER TABLE by_clone ADD COLUMN a int; DROP FUNCTION made()',
      asFirst,
    );
    await asClone(pair, 'ALTER TABLE by_first ADD COLUMN a int');
    const owners = await server.query(
      `SELECT DISTINCT tableowner::text AS owner FROM pg_tables WHERE schemaname = '${pair.first}'`,
    );
    expect(owners).toEqual([{ owner: pair.first }]);
  });

  it('and has what the first user is granted later, also through a role', async () => {
    const pair = await newPair(newName());
    await letIn(pair.clone, pair);
    await server.query(`CREATE ROLE readers; CREATE TABLE late_one (); CREATE TABLE late_two ()`);
    onTestFinished(async () => void (await server.query('DROP TABLE late_one, late_two; DROP ROLE readers')));
    await server.query(`GRANT SELECT ON late_one TO ${pair.first}; GRANT SELECT ON late_two TO readers`);
    await server.query(`GRANT readers TO ${pair.first}`);
    expect(await asClone(pair, 'TABLE late_one; TABLE late_two')).toEqual([]);
    await server.query(`REVOKE readers FROM ${pair.first}`);
  });

  it('where that acts as a role of its own, as that role', async () => {
    const group = newName();
    await server.query(`CREATE ROLE ${group}`);
    const pair = await newPair(newName(), `GRANT ${group} TO APP`, `ALTER ROLE APP SET role = ${group}`);
    onTestFinished(() => dropRoles(server, group));
    await letIn(pair.clone, pair);
    await prove(pair.clone, pair);
    expect(await asClone(pair, 'SELECT current_user::text AS name')).toEqual([{ name: group }]);
  });

  it('where that acts as a role of its own in one database only, as that role there', async () => {
    const group = newName();
    await server.query(`CREATE ROLE ${group}`);
    const pair = await newPair(
      newName(),
      `GRANT ${group} TO APP`,
      `ALTER ROLE APP IN DATABASE other SET role = ${group}`,
    );
    onTestFinished(() => dropRoles(server, group));
    await letIn(pair.clone, pair);
    await prove(pair.clone, pair);
    expect(await asClone(pair, 'SELECT current_user::text AS name')).toEqual([{ name: pair.first }]);
    expect(await asClone(pair, 'SELECT current_user::text AS name', 'other')).toEqual([{ name: group }]);
  });
});

describe('what a member does not inherit', () => {
  it.each([
    ['a search path', `ALTER ROLE APP SET search_path = "My Schema", "$user", public, "with, comma", "q""uote", 'x y'`],
    ['an empty search path', `ALTER ROLE APP SET search_path = ''`],
    ['a search path of one', `ALTER ROLE APP SET search_path = app`],
    ['a time-out', `ALTER ROLE APP SET statement_timeout = '7s'`],
    ['settings of one database', `ALTER ROLE APP IN DATABASE other SET search_path = a, B, "C"`],
    [
      'a setting of its own for each of two databases',
      `ALTER ROLE APP IN DATABASE other SET work_mem = '7MB'; ALTER ROLE APP SET work_mem = '8MB'`,
    ],
    ['a custom setting with quotes', `ALTER ROLE APP SET app.tenant = 'it''s "quoted" \\ and = $1; --'`],
    ['a setting that not everybody may set', `ALTER ROLE APP SET log_statement = 'all'`],
    ['a library', `ALTER ROLE APP SET session_preload_libraries = 'auto_explain'`],
    ['several libraries', `ALTER ROLE APP SET session_preload_libraries = 'auto_explain', 'pg_stat_statements'`],
    ['a date style', `ALTER ROLE APP SET datestyle = 'SQL, DMY'`],
    [
      'strings as of old',
      `ALTER ROLE APP SET standard_conforming_strings = off; ALTER ROLE APP SET application_name = 'a\\''b'`,
    ],
    ['read-only transactions', `ALTER ROLE APP SET default_transaction_read_only = on`],
  ])('follows: %s', async (_, statement) => {
    const pair = await newPair(newName(), statement);
    const wanted = await settingsOf(pair.first);
    expect(wanted).not.toEqual([]);
    await letIn(pair.clone, pair);
    expect(await settingsOf(pair.clone)).toEqual(wanted);
    await prove(pair.clone, pair);
    await letIn(pair.first, pair);
    expect(await settingsOf(pair.clone)).toEqual(wanted);
    expect(await settingsOf(pair.first)).toEqual(wanted);
  });

  it('follows: any search path, in the order that the server has', async () => {
    const pair = await newPair(newName());
    const names = fc.array(strangeText(20), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(names, async (schemas) => {
        const path = schemas.map((name) => pg.escapeLiteral(name)).join(', ');
        await server.query(`ALTER ROLE ${pair.first} SET search_path = ${path}`);
        await letIn(pair.clone, pair);
        expect(await settingsOf(pair.clone)).toEqual(await settingsOf(pair.first));
      }),
      { numRuns: 20 },
    );
  });

  it('goes when the first user no longer has it, in a database too', async () => {
    const pair = await newPair(
      newName(),
      `ALTER ROLE APP SET work_mem = '7MB'; ALTER ROLE APP IN DATABASE other SET search_path = a, b`,
    );
    await letIn(pair.clone, pair);
    await server.query(`ALTER ROLE ${pair.first} RESET ALL; ALTER ROLE ${pair.first} IN DATABASE other RESET ALL`);
    await server.query(`ALTER ROLE ${pair.clone} IN DATABASE postgres SET work_mem = '9MB'`);
    await letIn(pair.first, pair);
    expect(await settingsOf(pair.clone)).toEqual([]);
    await asClone(pair, 'SELECT 1');
    await prove(pair.clone, pair);
  });

  it.each([
    ['a limit and an end', `ALTER ROLE APP CONNECTION LIMIT 5 VALID UNTIL '2099-12-31 23:59:59+00'`],
    ['a limit of none and no end', `ALTER ROLE APP CONNECTION LIMIT 0 VALID UNTIL 'infinity'`],
    ['no limit and an end that has passed', `ALTER ROLE APP VALID UNTIL '2001-01-01'`],
  ])('follows and goes: %s', async (_, statement) => {
    const pair = await newPair(newName(), statement);
    const limits = async (role: string) =>
      await server.query(
        `SELECT rolconnlimit, coalesce(rolvaliduntil, 'infinity')::text AS ends FROM pg_roles WHERE rolname = '${role}'`,
      );
    await letIn(pair.clone, pair);
    expect(await limits(pair.clone)).toEqual(await limits(pair.first));
    await server.query(`ALTER ROLE ${pair.first} CONNECTION LIMIT -1 VALID UNTIL 'infinity'`);
    await letIn(pair.first, pair);
    expect(await limits(pair.clone)).toEqual([{ rolconnlimit: -1, ends: 'infinity' }]);
  });
});

describe('a first user that would have its own code run by the superuser', () => {
  it('with functions in its search path gets nothing run', async () => {
    const pair = await newPair(
      newName(),
      'CREATE TABLE public.was_run (by_whom text); GRANT INSERT ON public.was_run TO PUBLIC',
      'CREATE SCHEMA decoys',
      'GRANT USAGE ON SCHEMA decoys TO PUBLIC',
    );
    onTestFinished(async () => void (await server.query('DROP SCHEMA decoys CASCADE; DROP TABLE public.was_run')));
    const decoy = (signature: string, returns: string, answer: string) =>
      `CREATE FUNCTION decoys.${signature} RETURNS ${returns} LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.was_run VALUES (current_user); RETURN ${answer}; END$$`;
    await server.query(decoy('set_config(text, text, boolean)', 'text', `'x'`));
    await server.query(decoy('current_setting(text)', 'text', `'1'`));
    await server.query(decoy('pg_has_role(oid, oid, text)', 'boolean', 'true'));
    await server.query(`ALTER ROLE ${pair.first} SET search_path = decoys, pg_catalog;
      ALTER ROLE ${pair.first} IN DATABASE postgres SET search_path = decoys, pg_catalog;
      ALTER ROLE ${pair.first} IN DATABASE other SET search_path = decoys, pg_catalog;
      ALTER ROLE ${pair.first} SET temp_tablespaces = pg_default`);
    await letIn(pair.clone, pair);
    await letIn(pair.first, pair);
    await letIn(pair.clone, pair);
    expect(await server.query('TABLE public.was_run')).toEqual([]);
    await prove(pair.clone, pair);
  });
});

describe('names', () => {
  it.each([
    ['quotes', `o'neil "the" app`],
    ['spaces and semicolons', ' a; DROP ROLE postgres; -- '],
    ['Unicode', 'ünïcödé 密🔑'],
    ['backslashes and dollars', 'a\\b$$c%s'],
    ['57 bytes', 'n'.repeat(57)],
    ['57 bytes of two each, and one', `${'ü'.repeat(28)}n`],
    ['capitals and key words', 'Select'],
    ['what SET takes for no role', 'None'],
  ])('with %s work', async (_, first) => {
    const pair = await newPair(first, `ALTER ROLE APP SET search_path = 'a b', c`);
    await letIn(pair.clone, pair);
    await prove(pair.clone, pair);
    await letIn(pair.first, pair);
    await prove(pair.first, pair);
    expect(await settingsOf(pair.clone)).toEqual(await settingsOf(pair.first));
  });
});

it('the password stands in no statement in clear, and no other of the two is changed', async () => {
  const pair = await newPair(newName());
  await letIn(pair.clone, pair);
  const verifier = async (role: string) =>
    (await server.query(`SELECT rolpassword FROM pg_authid WHERE rolname = '${role}'`))[0]?.['rolpassword'];
  const [ofFirst, ofClone] = [await verifier(pair.first), await verifier(pair.clone)];
  await letIn(pair.first, pair);
  expect(await verifier(pair.clone)).toBe(ofClone);
  expect(await verifier(pair.first)).not.toBe(ofFirst);
  expect(ofClone).toMatch(/^SCRAM-SHA-256\$/);
});
