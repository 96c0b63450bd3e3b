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

/** One whole rotation of a database user that changes its own password, all four steps. */
export async function rotationCost(): Promise<readonly Figure[]> {
  const { calls, logins } = await rotateSingleUser();
  const subject = 'one single-user rotation';
  return [
    { name: `Secrets Manager calls, ${subject}`, measured: calls.length, atMost: 8, unit: '', detail: counted(calls) },
    { name: `database logins, ${subject}`, measured: logins.accepted + logins.refused, atMost: 2, unit: '' },
    { name: '  of which refused', measured: logins.refused, atMost: 0, unit: '' },
  ];
}

async function rotateSingleUser(): Promise<RotationCost> {
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

  const username = `bench_${randomBytes(4).toString('hex')}`;
  const password = randomBytes(18).toString('base64url');
  await postgres.query(`CREATE ROLE ${username} LOGIN PASSWORD '${password}'`);
  cleanup.defer(async () => void (await postgres.query(`DROP ROLE ${username}`)));
  const { host, port } = database;
  const login = { engine: 'postgres', host, port, username, password, dbname: 'postgres', ssl: false };

  const { client, service } = stack;
  const SecretId = 'bench/postgres';
  await client.send(new CreateSecretCommand({ Name: SecretId, SecretString: JSON.stringify(login) }));
  const RotationLambdaARN = functionArn('postgres-single-user');
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
