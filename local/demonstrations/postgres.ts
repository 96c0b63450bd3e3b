import { randomBytes } from 'node:crypto';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { logsIn } from '../databases/database-server.ts';
import type { PostgresServer } from '../databases/postgres-server.ts';
import { create, type Demonstration, newPassword, read } from './demonstration.ts';

export function postgresUser(client: SecretsManagerClient, postgres: PostgresServer): Demonstration {
  const secretId = 'demo/postgres-app';
  const { host, port } = postgres;
  const username = `demo_app_${randomBytes(3).toString('hex')}`;
  const password = newPassword();
  const login = { engine: 'postgres', host, port, username, password, dbname: 'postgres', ssl: false };
  return {
    secretId,
    about: `the password of PostgreSQL role ${username}, and the DATABASE_URL beside it`,
    function: 'postgres-single-user',
    async prepare() {
      await postgres.query(`CREATE ROLE ${username} LOGIN PASSWORD '${password}'`);
      const url = `postgresql://${username}:${password}@${host}:${port}/postgres`;
      await create(client, secretId, JSON.stringify({ ...login, DATABASE_URL: url }));
    },
    async prove() {
      const current = JSON.parse(await read(client, secretId));
      const previous = JSON.parse(await read(client, secretId, 'AWSPREVIOUS'));
      const inUrl = decodeURIComponent(new URL(current.DATABASE_URL).password);
      return [
        {
          claim: `the new password logs in to ${host}:${port}`,
          holds: await logsIn(postgres, current),
        },
        { claim: 'the old one is refused', holds: !(await logsIn(postgres, previous)) },
        { claim: 'DATABASE_URL has the new one', holds: inUrl === current.password },
      ];
    },
    async cleanUp() {
      await postgres.query(`DROP ROLE IF EXISTS ${username}`);
    },
  };
}

export function postgresPair(client: SecretsManagerClient, postgres: PostgresServer): Demonstration {
  const secretId = 'demo/postgres-pair';
  const { host, port } = postgres;
  const suffix = randomBytes(3).toString('hex');
  const [first, superuser] = [`demo_pair_${suffix}`, `demo_superuser_${suffix}`];
  const [password, superuserPassword] = [newPassword(), newPassword()];
  const login = { engine: 'postgres', host, port, dbname: 'postgres', ssl: false };
  return {
    secretId,
    about: `PostgreSQL roles ${first} and ${first}_clone, which take turns`,
    function: 'postgres-alternating-users',
    async prepare() {
      await postgres.query(
        `CREATE ROLE ${superuser} LOGIN CREATEROLE PASSWORD '${superuserPassword}';
         CREATE ROLE ${first} LOGIN PASSWORD '${password}';
         GRANT ${first} TO ${superuser} WITH ADMIN OPTION;
         CREATE SCHEMA ${first} AUTHORIZATION ${first}`,
      );
      const ofSuperuser = { ...login, username: superuser, password: superuserPassword };
      const masterarn = await create(client, 'demo/postgres-superuser', JSON.stringify(ofSuperuser));
      await create(client, secretId, JSON.stringify({ ...login, username: first, password, masterarn }));
    },
    async prove() {
      const current = JSON.parse(await read(client, secretId));
      const previous = JSON.parse(await read(client, secretId, 'AWSPREVIOUS'));
      return [
        {
          claim: `${current.username} logs in with AWSCURRENT to ${host}:${port}`,
          holds: await logsIn(postgres, current),
        },
        {
          claim: `${previous.username} still logs in with AWSPREVIOUS`,
          holds: await logsIn(postgres, previous),
        },
        {
          claim: `what either of them creates belongs to ${first}`,
          holds: (await ownerOfNewTable(current)) === first && (await ownerOfNewTable(previous)) === first,
        },
      ];
    },
    async cleanUp() {
      await postgres.query(
        `DROP SCHEMA IF EXISTS ${first} CASCADE; DROP ROLE IF EXISTS ${first}_clone, ${first}, ${superuser}`,
      );
    },
  };

  async function ownerOfNewTable({ username, password }: { username: string; password: string }): Promise<unknown> {
    const [row] = await postgres.query(
      `CREATE TABLE ${first}.made_by_${username} ();
       SELECT tableowner FROM pg_tables WHERE tablename = 'made_by_${username}'`,
      { username, password },
    );
    return row?.['tableowner'];
  }
}
