import { randomBytes } from 'node:crypto';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  type SecretsManagerClient,
  type Tag,
} from '@aws-sdk/client-secrets-manager';
import type { MariadbServer } from './databases/mariadb-server.ts';
import type { PostgresServer } from './databases/postgres-server.ts';

export interface Proof {
  readonly claim: string;
  readonly holds: boolean;
}

/** One secret that is rotated for people to see. */
export interface Demonstration {
  readonly secretId: string;
  readonly about: string;
  readonly function: string;
  prepare(): Promise<void>;
  /** What shows that the rotation did what it should. */
  prove(): Promise<readonly Proof[]>;
  /** Takes back what `prepare` did to a server that stays. */
  cleanUp?(): Promise<void>;
}

/** @param mariadb where such a server can be had */
export function demonstrations(
  client: SecretsManagerClient,
  postgres: PostgresServer,
  mariadb: MariadbServer | undefined,
): readonly Demonstration[] {
  return [
    randomPassword(client),
    fieldsOfOneSecret(client),
    postgresUser(client, postgres),
    ...(mariadb ? [mariadbUser(client, mariadb)] : []),
    postgresPair(client, postgres),
  ];
}

function randomPassword(client: SecretsManagerClient): Demonstration {
  const secretId = 'demo/random-password';
  return {
    secretId,
    about: 'a random password',
    function: 'random-password',
    async prepare() {
      await create(client, secretId, newPassword());
    },
    async prove() {
      const [current, previous] = [await read(client, secretId), await read(client, secretId, 'AWSPREVIOUS')];
      return [{ claim: 'AWSCURRENT is a new value, and AWSPREVIOUS keeps the old one', holds: current !== previous }];
    },
  };
}

function fieldsOfOneSecret(client: SecretsManagerClient): Demonstration {
  const secretId = 'demo/service-config';
  const value = {
    MONGODB_URI: 'mongodb://db.internal/app',
    JWT_SECRET: newPassword(),
    API_KEY: newPassword(),
    RETRIES: 3,
  };
  return {
    secretId,
    about: 'two fields of a JSON secret, named by the tag rotation:fields',
    function: 'random-password',
    async prepare() {
      const tags = [{ Key: 'rotation:fields', Value: 'JWT_SECRET API_KEY' }];
      await create(client, secretId, JSON.stringify(value), tags);
    },
    async prove() {
      const current = JSON.parse(await read(client, secretId));
      const previous = JSON.parse(await read(client, secretId, 'AWSPREVIOUS'));
      const changed = Object.keys(previous).filter((field) => previous[field] !== current[field]);
      return [
        {
          claim: 'JWT_SECRET and API_KEY are new, all else is as it was',
          holds: changed.join(' ') === 'JWT_SECRET API_KEY',
        },
      ];
    },
  };
}

function postgresUser(client: SecretsManagerClient, postgres: PostgresServer): Demonstration {
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
          holds: await logsIn(postgres, username, current.password),
        },
        { claim: 'the old one is refused', holds: !(await logsIn(postgres, username, previous.password)) },
        { claim: 'DATABASE_URL has the new one', holds: inUrl === current.password },
      ];
    },
    async cleanUp() {
      await postgres.query(`DROP ROLE IF EXISTS ${username}`);
    },
  };
}

function mariadbUser(client: SecretsManagerClient, mariadb: MariadbServer): Demonstration {
  const secretId = 'demo/mariadb-app';
  const { host, port } = mariadb;
  const username = `demo_app_${randomBytes(3).toString('hex')}`;
  const password = newPassword();
  const login = { engine: 'mariadb', host, port, username, password, ssl: false };
  return {
    secretId,
    about: `the password of MariaDB user ${username}`,
    function: 'mysql-single-user',
    async prepare() {
      await mariadb.query(`CREATE USER ${username}@'%' IDENTIFIED BY '${password}'`);
      await create(client, secretId, JSON.stringify(login));
    },
    async prove() {
      const current = JSON.parse(await read(client, secretId));
      const previous = JSON.parse(await read(client, secretId, 'AWSPREVIOUS'));
      return [
        {
          claim: `the new password logs in to ${host}:${port}`,
          holds: await logsIn(mariadb, username, current.password),
        },
        { claim: 'the old one is refused', holds: !(await logsIn(mariadb, username, previous.password)) },
      ];
    },
    async cleanUp() {
      await mariadb.query(`DROP USER IF EXISTS ${username}@'%'`);
    },
  };
}

function postgresPair(client: SecretsManagerClient, postgres: PostgresServer): Demonstration {
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
          holds: await logsIn(postgres, current.username, current.password),
        },
        {
          claim: `${previous.username} still logs in with AWSPREVIOUS`,
          holds: await logsIn(postgres, previous.username, previous.password),
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

async function create(
  client: SecretsManagerClient,
  Name: string,
  SecretString: string,
  Tags: Tag[] = [],
): Promise<string> {
  const { ARN = '' } = await client.send(new CreateSecretCommand({ Name, SecretString, Tags }));
  return ARN;
}

async function read(client: SecretsManagerClient, SecretId: string, VersionStage = 'AWSCURRENT'): Promise<string> {
  const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId, VersionStage }));
  return SecretString;
}

/** How PostgreSQL and MariaDB say that a password is wrong. */
const REFUSED: readonly unknown[] = ['28P01', 'ER_ACCESS_DENIED_ERROR'];

async function logsIn(server: PostgresServer | MariadbServer, username: string, password: string): Promise<boolean> {
  try {
    await server.query('SELECT 1', { username, password });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && REFUSED.includes(error.code)) return false;
    throw error;
  }
}

function newPassword(): string {
  return randomBytes(18).toString('base64url');
}
