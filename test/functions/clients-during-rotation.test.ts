import { EventEmitter, once } from 'node:events';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  ResourceNotFoundException,
  RotateSecretCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build } from '../../build.ts';
import { logsIn } from '../../local/databases/database-server.ts';
import { type MysqlServer, startMysql } from '../../local/databases/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../../local/databases/postgres-server.ts';
import type { FunctionHost } from '../../local/invocation.ts';
import { type LambdaHost, startLambdaHost } from '../../local/lambda-host.ts';
import { distFolder, functionArn, functionEnvironment, localClient } from '../../local/local-stack.ts';
import { type LocalSecretsManager, startSecretsManager } from '../../local/secrets-manager/server.ts';
import { createSuperuser, superuserSecret } from '../support/alternating-roles.ts';
import { OVERLAP } from '../support/overlapping-rotation.ts';
import { newName } from '../support/pair-rotation.ts';
import { describeWithMysql } from '../support/with-mysql.ts';

const ROTATIONS = 20;

let postgres: PostgresServer;
let host: LambdaHost;
let service: LocalSecretsManager;
let client: SecretsManagerClient;
let clients: readonly Client[] = [];

beforeAll(async () => {
  await build();
  postgres = await startPostgres({ settings: { ssl: 'off' } });
  await createSuperuser(postgres);
  host = startLambdaHost({ dist: distFolder(), functionEnvironment: () => functionEnvironment(service.endpoint) });
  // Between two steps, every client has time to log in: what a step leaves behind is what they meet.
  const functions: FunctionHost = {
    has: (arn) => host.has(arn),
    async invoke(arn, event) {
      const invocation = await host.invoke(arn, event);
      await Promise.all(clients.map((one) => one.logsInAgain()));
      return invocation;
    },
  };
  service = await startSecretsManager({ region: 'us-east-1', functions, retries: 0 });
  client = localClient(service.endpoint);
});

afterAll(async () => {
  client.destroy();
  await service.close();
  await host.close();
  await postgres.stop();
});

interface Client {
  /** Logins that the server refused, with all that this client does about it. */
  readonly refused: number;
  readonly accepted: number;
  /** Resolves after two logins that have begun since. */
  logsInAgain(): Promise<void>;
  stop(): Promise<void>;
}

type Read = (stage?: string) => Promise<{ username: string; password: string } | undefined>;

/** Reads the secret and logs in, over and over, without a pause. */
function startClient(logIn: () => Promise<boolean>): Client {
  const told = new EventEmitter();
  const counts = { refused: 0, accepted: 0 };
  let stopped = false;
  const ended = (async () => {
    while (!stopped) {
      counts[(await logIn()) ? 'accepted' : 'refused']++;
      told.emit('logged in');
    }
  })();
  // A client that fails must not leave its rotation waiting.
  const failed = ended.then(() => new Promise<never>(() => {}));
  failed.catch(() => {});
  return {
    get refused() {
      return counts.refused;
    },
    get accepted() {
      return counts.accepted;
    },
    async logsInAgain() {
      // The one under way may have begun before.
      for (let logins = 0; logins < 3; logins++) await Promise.race([once(told, 'logged in'), failed]);
    },
    async stop() {
      stopped = true;
      await ended;
    },
  };
}

type Login = NonNullable<Awaited<ReturnType<Read>>>;

/** A server with users to rotate. */
interface Database {
  /** Fields of a secret that say where it is. */
  place(): Readonly<Record<string, unknown>>;
  createUser(login: Login): Promise<unknown>;
  accepts(login: Login): Promise<boolean>;
}

const onPostgres: Database = {
  place: () => ({ engine: 'postgres', host: postgres.host, port: postgres.port, ssl: false }),
  createUser: ({ username, password }) =>
    postgres.query(
      `CREATE ROLE ${username} LOGIN PASSWORD '${password}'; GRANT ${username} TO rotation_superuser WITH ADMIN OPTION`,
    ),
  accepts: (login) => logsIn(postgres, login),
};

async function logInPlainly(read: Read, { accepts }: Database): Promise<boolean> {
  const login = await read();
  return login !== undefined && (await accepts(login));
}

/** Once with AWSPENDING, which the server may have already; then with AWSCURRENT, if that has moved meanwhile. */
async function logInWithRemedy(read: Read, database: Database): Promise<boolean> {
  if (await logInPlainly(read, database)) return true;
  const pending = await read('AWSPENDING');
  if (pending && (await database.accepts(pending))) return true;
  return await logInPlainly(read, database);
}

/** Rotates a secret so often while clients log in with it. */
async function rotate(
  functionName: string,
  fields: Readonly<Record<string, unknown>>,
  logIns: readonly ((read: Read, database: Database) => Promise<boolean>)[],
  database = onPostgres,
  tags: Readonly<Record<string, string>> = {},
): Promise<readonly Client[]> {
  const login = { username: newName(), password: 'first-password' };
  await database.createUser(login);
  const secret = await client.send(
    new CreateSecretCommand({
      Name: `clients/${functionName}-${login.username}`,
      SecretString: JSON.stringify({ ...database.place(), ...login, ...fields }),
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    }),
  );
  const SecretId = secret.ARN ?? '';
  const read: Read = async (VersionStage = 'AWSCURRENT') => {
    try {
      const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId, VersionStage }));
      return JSON.parse(SecretString);
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  };
  clients = logIns.map((logIn) => startClient(() => logIn(read, database)));
  try {
    for (let rotation = 0; rotation < ROTATIONS; rotation++) {
      await client.send(new RotateSecretCommand({ SecretId, RotationLambdaARN: functionArn(functionName) }));
      await service.settled();
      expect(service.results.at(-1)).toMatchObject({ outcome: 'succeeded' });
    }
  } finally {
    await Promise.all(clients.map((one) => one.stop()));
  }
  return clients;
}

describe(`a client that logs in without pause through ${ROTATIONS} rotations`, () => {
  it('of alternating users is never refused', async () => {
    const superuser = await client.send(
      new CreateSecretCommand({ Name: 'clients/superuser', SecretString: superuserSecret(postgres) }),
    );
    const [plain] = await rotate('postgres-alternating-users', { masterarn: superuser.ARN }, [logInPlainly]);
    expect(plain?.refused).toBe(0);
    expect(plain?.accepted).toBeGreaterThan(ROTATIONS * 4 * 2);
  });

  it('of a single user is refused between setSecret and finishSecret, but never with a second try by AWSPENDING', async () => {
    const [plain, patient] = await rotate('postgres-single-user', {}, [logInPlainly, logInWithRemedy]);
    expect(plain?.refused).toBeGreaterThanOrEqual(ROTATIONS);
    expect(plain?.accepted).toBeGreaterThan(ROTATIONS);
    expect(patient?.refused).toBe(0);
    expect(patient?.accepted).toBeGreaterThan(ROTATIONS * 4 * 2);
  });
});

describeWithMysql(`a client that logs in without pause through ${ROTATIONS} rotations`, (kind) => {
  let server: MysqlServer;
  beforeAll(async () => {
    server = await startMysql(kind);
  });
  afterAll(() => server.stop());

  it('of a single user with two passwords is never refused', async () => {
    const database: Database = {
      place: () => ({ engine: 'mysql', host: server.host, port: server.port, ssl: false }),
      async createUser({ username, password }) {
        await server.query(`CREATE USER ${username}@'%' IDENTIFIED BY '${password}'`);
        if (kind === 'mysql') await server.query(`GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO ${username}@'%'`);
      },
      accepts: (login) => logsIn(server, login),
    };
    const superuser = JSON.stringify({ ...database.place(), ...server.superuser });
    const Name = `clients/${kind}-superuser`;
    const { ARN: masterarn } = await client.send(new CreateSecretCommand({ Name, SecretString: superuser }));
    const [plain] = await rotate('mysql-single-user', { masterarn }, [logInPlainly], database, OVERLAP);
    expect(plain?.refused).toBe(0);
    expect(plain?.accepted).toBeGreaterThan(ROTATIONS * 4 * 2);
  });
});
