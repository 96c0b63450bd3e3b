import { randomBytes } from 'node:crypto';
import { CreateSecretCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { type MysqlKind, NAMES } from '../local/databases/mysql-kinds.ts';
import { functionArn, startLocalStack } from '../local/local-stack.ts';
import { Effects } from '../test/support/effects.ts';
import { secretsManagerProxy } from '../test/support/secrets-manager-proxy.ts';
import { type CountedDatabase, countedMysql, countedPostgres } from './counted-database.ts';
import type { Figure } from './figure.ts';

/** A kind of rotation, what it may ask of others, and what the AWS-provided template for it does. */
interface Kind {
  readonly functionName: string;
  /** Besides the function's name, for the reader. */
  readonly variant?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Whether the secret names a superuser, who does the work. */
  readonly superuser?: boolean;
  readonly start: () => Promise<CountedDatabase>;
  readonly atMost: { readonly calls: number; readonly logins: number };
  readonly template: { readonly calls: string; readonly logins: string; readonly refused: string };
}

const NO_TEMPLATE = { calls: 'none', logins: 'none', refused: 'none' };

/** The templates are those of https://github.com/aws-samples/aws-secrets-manager-rotation-lambdas, counted the same way. */
const POSTGRES: readonly Kind[] = [
  {
    functionName: 'postgres-single-user',
    start: countedPostgres,
    atMost: { calls: 8, logins: 2 },
    template: { calls: '14', logins: '3; 6 as TLS falls back', refused: '1' },
  },
  {
    functionName: 'postgres-alternating-users',
    superuser: true,
    start: countedPostgres,
    atMost: { calls: 9, logins: 3 },
    template: { calls: '14', logins: '4; 8 as TLS falls back', refused: '1' },
  },
];

function kindsAt(kind: MysqlKind): readonly Kind[] {
  const start = () => countedMysql(kind);
  const at = `, ${NAMES[kind]}`;
  const bySuperuser = kind !== 'mysql';
  return [
    {
      functionName: 'mysql-single-user',
      variant: at,
      start,
      atMost: { calls: 8, logins: 2 },
      template: { calls: '14', logins: '3', refused: '1' },
    },
    {
      functionName: 'mysql-alternating-users',
      variant: at,
      superuser: true,
      start,
      atMost: { calls: 9, logins: 3 },
      template: { calls: '14', logins: '4', refused: '1' },
    },
    {
      // The tags are one call more, and so is the superuser's secret where the account cannot do it itself.
      functionName: 'mysql-single-user',
      variant: `${at}, two passwords`,
      superuser: bySuperuser,
      tags: { 'rotation:overlap': 'true' },
      start,
      atMost: bySuperuser ? { calls: 10, logins: 3 } : { calls: 9, logins: 2 },
      template: NO_TEMPLATE,
    },
  ];
}

/** One whole rotation of a database user, all four steps, of each kind. */
export async function rotationCost(servers: readonly MysqlKind[]): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const kind of [...POSTGRES, ...servers.flatMap(kindsAt)]) figures.push(...(await figuresOf(kind)));
  return figures;
}

async function figuresOf(kind: Kind): Promise<readonly Figure[]> {
  const { calls, logins } = await rotate(kind);
  const subject = `${kind.functionName}${kind.variant ?? ''}`;
  return [
    {
      name: `Secrets Manager calls, ${subject}`,
      measured: calls.length,
      atMost: kind.atMost.calls,
      template: kind.template.calls,
      unit: '',
      detail: counted(calls),
    },
    {
      name: `database logins, ${subject}`,
      measured: logins.accepted + logins.refused,
      atMost: kind.atMost.logins,
      template: kind.template.logins,
      unit: '',
    },
    { name: '  of which refused', measured: logins.refused, atMost: 0, template: kind.template.refused, unit: '' },
  ];
}

/** What rotating one secret asked of others. */
interface RotationCost {
  readonly calls: readonly string[];
  readonly logins: ReturnType<CountedDatabase['logins']>;
}

async function rotate(kind: Kind): Promise<RotationCost> {
  await using cleanup = new AsyncDisposableStack();
  const database = await kind.start();
  cleanup.defer(() => database.stop());
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
  const password = randomBytes(18).toString('base64url');
  const user = { username: `bench_${suffix}`, password };
  const superuser = { username: `bench_superuser_${suffix}`, password };
  await database.createUsers(user, superuser, kind.tags !== undefined);
  cleanup.defer(async () => void (await database.dropUsers(user, superuser)));

  const { client, service } = stack;
  const create = async (Name: string, value: object, secretTags: Kind['tags'] = {}): Promise<string> => {
    const Tags = Object.entries(secretTags).map(([Key, Value]) => ({ Key, Value }));
    const request = new CreateSecretCommand({ Name, SecretString: JSON.stringify(value), Tags });
    const { ARN = '' } = await client.send(request);
    return ARN;
  };
  const masterarn = kind.superuser ? await create('bench/superuser', { ...database.place, ...superuser }) : undefined;
  const SecretId = await create('bench/user', { ...database.place, ...user, masterarn }, kind.tags);
  const RotationLambdaARN = functionArn(kind.functionName);
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
