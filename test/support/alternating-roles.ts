import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { logsIn } from '../../local/databases/database-server.ts';
import type { PostgresServer } from '../../local/databases/postgres-server.ts';

export interface AlternatingRoles {
  readonly first: string;
  readonly clone: string;
  /** The first value of a secret for one of the two, whose superuser's secret has that id. */
  secretString(superuserSecretId: string): string;
}

export const SUPERUSER = { username: 'rotation_superuser', password: 'superuser/secret' };

/** What RDS gives for a superuser: a role with CREATEROLE, which is not PostgreSQL's superuser. */
export async function createSuperuser(server: PostgresServer): Promise<void> {
  await server.query(`CREATE ROLE ${SUPERUSER.username} LOGIN CREATEROLE PASSWORD '${SUPERUSER.password}'`);
}

export function superuserSecret({ host, port }: { host: string; port: number }): string {
  return JSON.stringify({ engine: 'postgres', host, port, ...SUPERUSER, ssl: false });
}

/** A first user with settings and a schema of its own; with a clone as the AWS template makes it, if that is current. */
export async function createRoles(
  server: PostgresServer,
  { host, port }: { host: string; port: number },
  current: 'first' | 'clone' = 'first',
): Promise<AlternatingRoles> {
  const first = `app_${randomBytes(4).toString('hex')}`;
  const clone = `${first}_clone`;
  const password = randomBytes(12).toString('hex');
  await server.query(`CREATE ROLE ${first} LOGIN PASSWORD '${password}' CONNECTION LIMIT 9`, SUPERUSER);
  await server.query(
    `ALTER ROLE ${first} SET search_path = ${first}, "$user", public;
     ALTER ROLE ${first} SET statement_timeout = '7s';
     ALTER ROLE ${first} IN DATABASE postgres SET work_mem = '7MB';
     CREATE SCHEMA ${first} AUTHORIZATION ${first}; CREATE TABLE ${first}.granted (); GRANT SELECT ON ${first}.granted TO ${first};`,
  );
  if (current === 'clone') {
    await server.query(`CREATE ROLE ${clone} LOGIN PASSWORD '${password}'; GRANT ${first} TO ${clone}`, SUPERUSER);
  }
  const username = current === 'first' ? first : clone;
  return {
    first,
    clone,
    secretString: (masterarn) =>
      JSON.stringify({ engine: 'postgres', host, port, username, password, ssl: false, masterarn }),
  };
}

/** Whether the login of the secret works, with what the first user was granted. */
export function accepts(server: PostgresServer, text: string): Promise<boolean> {
  const login = JSON.parse(text);
  return logsIn(server, login, `TABLE ${String(login.username).replace(/_clone$/, '')}.granted`);
}

/** That the login of the secret acts as the first user, with its settings, and that what it creates is the first user's. */
export async function expectFirstUser(server: PostgresServer, text: string): Promise<void> {
  const { username, password } = JSON.parse(text);
  const first = String(username).replace(/_clone$/, '');
  const [row] = await server.query(
    `CREATE TABLE made_by_${username} (); TABLE granted;
     SELECT current_user::text AS acts_as, current_setting('search_path') AS path,
       current_setting('statement_timeout') AS timeout, current_setting('work_mem') AS memory,
       (SELECT tableowner FROM pg_tables WHERE tablename = 'made_by_${username}') AS owner`,
    { username, password },
  );
  await server.query(`DROP TABLE ${first}.made_by_${username}`);
  const path = `${first}, "$user", public`;
  expect(row).toEqual({ acts_as: first, path, timeout: '7s', memory: '7MB', owner: first });
}
