import { randomBytes } from 'node:crypto';
import { CreateSecretCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { startPostgres } from '../local/databases/postgres-server.ts';
import { functionArn, startLocalStack } from '../local/local-stack.ts';
import { Effects } from '../test/support/effects.ts';
import { startPostgresProxy } from '../test/support/postgres-proxy.ts';
import { secretsManagerProxy } from '../test/support/secrets-manager-proxy.ts';
import type { Figure } from './figure.ts';

/** What rotating one secret asked of others. */
interface RotationCost {
  readonly calls: readonly string[];
  readonly logins: { readonly accepted: number; readonly refused: number };
}

/** One whole rotation of a database user, all four steps, of each kind. */
export async function rotationCost(): Promise<readonly Figure[]> {
  return [
    ...figures('one single-user rotation', await rotate('postgres-single-user'), { calls: 8, logins: 2 }),
    ...figures('one rotation of alternating users', await rotate('postgres-alternating-users'), {
      calls: 9,
      logins: 3,
    }),
  ];
}

function figures(
  subject: string,
  { calls, logins }: RotationCost,
  atMost: { readonly calls: number; readonly logins: number },
): readonly Figure[] {
  return [
    {
      name: `Secrets Manager calls, ${subject}`,
      measured: calls.length,
      atMost: atMost.calls,
      unit: '',
      detail: counted(calls),
    },
    {
      name: `database logins, ${subject}`,
      measured: logins.accepted + logins.refused,
      atMost: atMost.logins,
      unit: '',
    },
    { name: '  of which refused', measured: logins.refused, atMost: 0, unit: '' },
  ];
}

async function rotate(functionName: string): Promise<RotationCost> {
  await using cleanup = new AsyncDisposableStack();
  const postgres = await startPostgres();
  cleanup.defer(() => postgres.stop());
  const database = await startPostgresProxy(postgres);
  cleanup.defer(() => database.close());
  const calls = new Effects(async () => {});
  let endpoint = '';
  const proxy = await secretsManagerProxy(() => endpoint, calls);
  cleanup.defer(() => proxy.close());
  const stack = await startLocalStack({
    retries: 0,
    environment: { AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${proxy.port}` },
  });
  cleanup.defer(() => stack.close());
  endpoint = stack.service.endpoint;

  const suffix = randomBytes(4).toString('hex');
  const [username, superuser] = [`bench_${suffix}`, `bench_superuser_${suffix}`];
  const password = randomBytes(18).toString('base64url');
  await postgres.query(
    `CREATE ROLE ${username} LOGIN PASSWORD '${password}';
     CREATE ROLE ${superuser} LOGIN CREATEROLE PASSWORD '${password}';
     GRANT ${username} TO ${superuser} WITH ADMIN OPTION`,
  );
  cleanup.defer(async () => {
    await postgres.query(`DROP ROLE IF EXISTS ${username}_clone, ${username}, ${superuser}`);
  });
  const { host, port } = database;
  const login = { engine: 'postgres', host, port, username, password, dbname: 'postgres', ssl: false };

  const { client, service } = stack;
  const create = async (Name: string, value: object): Promise<string> => {
    const { ARN = '' } = await client.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(value) }));
    return ARN;
  };
  const masterarn = await create('bench/superuser', { ...login, username: superuser });
  const SecretId = await create('bench/postgres', { ...login, masterarn });
  const RotationLambdaARN = functionArn(functionName);
  const RotationRules = { AutomaticallyAfterDays: 30 };
  await client.send(new RotateSecretCommand({ SecretId, RotationLambdaARN, RotationRules }));
  await service.settled();
  const last = service.results.at(-1);
  if (last?.outcome !== 'succeeded') throw new Error(`The rotation did not succeed: ${JSON.stringify(last)}`);
  return { calls: calls.names, logins: database.logins() };
}

function counted(names: readonly string[]): string {
  const counts = Map.groupBy(names, (name) => name);
  return [...counts].map(([name, { length }]) => (length === 1 ? name : `${length} ${name}`)).join(', ');
}
