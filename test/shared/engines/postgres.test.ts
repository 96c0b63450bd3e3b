import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { postgres } from '../../../shared/engines/postgres.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { engineSuite } from '../../conformance/engine.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { startTestServer, type TestServer } from './postgres-server.ts';

engineSuite(postgres, () => startTestServer());

describe('a PostgreSQL user changes its own password', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  /** Logs in, changes the password and logs in with the new one. */
  async function change(username: string): Promise<void> {
    const session = await postgres.connect(server.login(username, 'old password'), timeLimit());
    await session.changeOwnPassword(new Sensitive('new password'));
    await session.close();
    await (await postgres.connect(server.login(username, 'new password'), timeLimit())).close();
  }

  it.each([
    ['a default role stands', ['CREATE ROLE owners', 'GRANT owners TO app', "ALTER ROLE app SET role = 'owners'"]],
    ['transactions are read-only by default', ['ALTER ROLE app SET default_transaction_read_only = on']],
    [
      'its search path begins with its own functions',
      [
        'CREATE SCHEMA decoys',
        "CREATE FUNCTION decoys.current_setting(text) RETURNS text LANGUAGE sql AS $$SELECT 'md5'$$",
        "CREATE FUNCTION decoys.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$SELECT '1'$$",
        'GRANT USAGE ON SCHEMA decoys TO app',
        'ALTER ROLE app SET search_path = decoys, pg_catalog',
      ],
    ],
    ['it may not create anything and has no privilege in the database', ['REVOKE ALL ON SCHEMA public FROM PUBLIC']],
    [
      'messages are silenced and strings are old-fashioned',
      ["ALTER ROLE app SET client_min_messages = 'error'", 'ALTER ROLE app SET standard_conforming_strings = off'],
    ],
  ])('although %s; its other settings stay', async (_, statements) => {
    await server.createUser('app', 'old password');
    onTestFinished(async () => {
      await server.query(
        'DROP SCHEMA IF EXISTS decoys CASCADE; DROP ROLE IF EXISTS owners; DROP ROLE app; GRANT USAGE ON SCHEMA public TO PUBLIC',
      );
    });
    for (const statement of statements) await server.query(statement);
    const settings = `SELECT rolcanlogin, rolinherit, rolconnlimit, rolvaliduntil, rolconfig, rolsuper, rolcreaterole,
        (SELECT array_agg(roleid) FROM pg_auth_members WHERE member = pg_roles.oid) AS memberships
      FROM pg_roles WHERE rolname = 'app'`;
    const before = await server.query(settings);
    await change('app');
    expect(await server.query(settings)).toEqual(before);
    const [stored] = await server.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'app'");
    expect(stored?.['rolpassword']).toMatch(/^SCRAM-SHA-256\$4096:/);
  });

  it('in a database that does not speak Unicode', async () => {
    await server.query("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    await server.createUser('app', 'old password');
    onTestFinished(async () => {
      await server.query('DROP DATABASE latin WITH (FORCE)');
      await server.dropUser('app');
    });
    const login = { ...server.login('app', 'old password'), database: 'latin' };
    const session = await postgres.connect(login, timeLimit());
    await session.changeOwnPassword(new Sensitive('pässwörd €'));
    await session.close();
    const changed = { ...login, password: new Sensitive('pässwörd €') };
    await (await postgres.connect(changed, timeLimit())).close();
  });
});
