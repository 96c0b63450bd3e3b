import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build } from '../../build.ts';
import { mariadbMissing } from '../../local/databases/mariadb-binaries.ts';
import { type MariadbServer, startMariadb } from '../../local/databases/mariadb-server.ts';
import { type PostgresServer, startPostgres } from '../../local/databases/postgres-server.ts';
import { freePort } from '../../local/free-port.ts';
import type { Invocation } from '../../local/invocation.ts';
import { type LambdaHost, startLambdaHost } from '../../local/lambda-host.ts';
import { distFolder, functionEnvironment } from '../../local/local-stack.ts';
import { STEPS } from '../../shared/rotation/event.ts';
import { type EchoingServer, echoingPostgres, echoingSecretsManager } from '../support/echoing-servers.ts';
import { formsOf } from '../support/forms.ts';
import { type Protocol, startProtocol, type Value } from '../support/protocol.ts';

/** Full of what breaks careless escaping, and never the same twice. */
const canary = () => `Canary'"\\;%40 é€-${randomBytes(6).toString('hex')}`;

interface Case {
  readonly what: string;
  readonly function:
    | 'random-password'
    | 'shared-token'
    | 'postgres-single-user'
    | 'postgres-alternating-users'
    | 'mysql-single-user';
  /** The current value and tags of the secret; `planted` holds what must not be seen. */
  secret(planted: string[]): { value: Value; tags?: { Key: string; Value: string }[] } | Promise<{ value: Value }>;
  /** A candidate that is staged by hand instead of the function's own. */
  candidate?(planted: string[]): string;
  /** More fields of each event. */
  event?(planted: string[]): Record<string, unknown>;
  /** What a reader of the error must find there. */
  readonly error?: RegExp;
  /** Where the function finds its Secrets Manager, if not at the well-behaved one. */
  endpoint?(): string;
}

let protocol: Protocol;
let postgres: PostgresServer;
let mariadb: MariadbServer | undefined;
let closedPort: number;
let echoingDatabase: EchoingServer;
let echoingService: EchoingServer;

const plant = (planted: string[], text = canary()) => {
  planted.push(text);
  return text;
};

/** A role with a canary for its password. */
async function role(planted: string[], attributes = ''): Promise<Record<string, unknown>> {
  const [username, password] = [`leak_${randomBytes(4).toString('hex')}`, plant(planted)];
  await postgres.query(`CREATE ROLE ${username} LOGIN ${attributes} PASSWORD E'${password.replace(/['\\]/g, '\\$&')}'`);
  return { ...login(planted), username, password };
}

/** A user of MariaDB with a canary for its password. */
async function mariadbUser(planted: string[]): Promise<Record<string, unknown>> {
  const [username, password] = [`leak_${randomBytes(4).toString('hex')}`, plant(planted)];
  await mariadb?.query(`CREATE USER ${username}@'%' IDENTIFIED BY '${password.replace(/['\\]/g, '\\$&')}'`);
  return { ...login(planted), engine: 'mariadb', port: mariadb?.port, username, password };
}

function login(planted: string[]): Record<string, unknown> {
  return {
    engine: 'postgres',
    host: '127.0.0.1',
    port: postgres.port,
    username: 'nobody-known',
    password: plant(planted),
    ssl: false,
  };
}

const json = (fields: Record<string, unknown>) => ({ value: JSON.stringify(fields) });

const random = 'random-password';
const database = 'postgres-single-user';

const cases: readonly Case[] = [
  { what: 'rotates a whole string', function: random, secret: (p) => ({ value: plant(p) }) },
  { what: 'rotates a binary key', function: random, secret: (p) => ({ value: Buffer.from(plant(p)) }) },
  {
    what: 'rotates a JSON secret with other fields',
    function: random,
    secret: (p) => json({ password: plant(p), other: plant(p), deep: { er: [plant(p)] }, pin: 918273645 }),
  },
  {
    what: 'finds broken JSON',
    function: random,
    secret: (p) => ({ value: `{"password": ${plant(p)} }` }),
    error: /InvalidSecret/,
  },
  {
    what: 'finds several string fields',
    function: random,
    secret: (p) => json({ a: plant(p), b: plant(p) }),
    error: /rotation:fields/,
  },
  {
    what: 'gets an event with unknown fields',
    function: random,
    secret: (p) => ({ value: plant(p) }),
    event: (p) => ({ Unknown: plant(p), Nested: { x: plant(p) } }),
  },
  {
    what: 'gets a mistyped rotation token',
    function: random,
    secret: (p) => ({ value: plant(p) }),
    event: (p) => ({ RotationToken: plant(p) }),
    error: /RotationToken must be/,
  },
  {
    what: 'gets a secret for a step',
    function: random,
    secret: (p) => ({ value: plant(p) }),
    event: (p) => ({ Step: plant(p) }),
    error: /Step must be/,
  },
  {
    what: 'gets a secret for an ARN',
    function: random,
    secret: (p) => ({ value: plant(p) }),
    event: (p) => ({ SecretId: plant(p) }),
    error: /SecretId must be/,
  },
  {
    what: 'hears its request from a service that refuses it',
    function: random,
    secret: (p) => ({ value: plant(p) }),
    endpoint: () => echoingService.endpoint,
    error: /SecretsManagerRefused/,
  },
  {
    what: 'rotates a shared token',
    function: 'shared-token',
    secret: (p) => json({ current: plant(p), previous: plant(p), note: plant(p) }),
  },
  {
    what: 'finds a candidate that drops a token which clients hold',
    function: 'shared-token',
    secret: (p) => json({ current: plant(p), previous: plant(p) }),
    candidate: (p) => JSON.stringify({ current: plant(p), previous: plant(p) }),
    error: /CandidateRefused/,
  },
  {
    what: 'rotates a database user',
    function: database,
    secret: async (p) => json({ ...(await role(p)), note: plant(p) }),
  },
  { what: 'finds no JSON', function: database, secret: (p) => ({ value: plant(p) }), error: /InvalidSecret/ },
  ...['engine', 'host', 'port', 'username', 'password', 'dbname', 'ssl'].map(
    (field): Case => ({
      what: `finds a secret of the wrong shape in ${field}`,
      function: database,
      secret: (p) => json({ ...login(p), [field]: { wrong: plant(p) } }),
      error: new RegExp(`"${field}"`),
    }),
  ),
  {
    what: 'finds a password where the host should be',
    function: database,
    secret: (p) => json({ ...login(p), host: plant(p) }),
    error: /"host"/,
  },
  { what: 'is refused by the database', function: database, secret: login_, error: /nobody-known/ },
  {
    what: 'reaches no database',
    function: database,
    secret: (p) => json({ ...login(p), port: closedPort }),
    error: /127\.0\.0\.1:\d+.*ECONNREFUSED/,
  },
  {
    what: 'wants TLS where there is none',
    function: database,
    secret: (p) => json({ ...login(p), ssl: true }),
    error: /TlsRefused.*127\.0\.0\.1/s,
  },
  {
    what: 'hears the password from the database',
    function: database,
    secret: (p) => json({ ...login(p), port: echoingDatabase.port }),
    error: /DatabaseRefused|LoginRefused|NoWorkingPassword/,
  },
  {
    what: 'finds a candidate for another host',
    function: database,
    secret: login_,
    candidate: (p) => JSON.stringify({ ...login(p), host: 'elsewhere.example' }),
    error: /elsewhere\.example.*127\.0\.0\.1/,
  },
  ...casesOfAlternatingUsers(),
  ...(mariadbMissing() === undefined ? casesOfMariadb() : []),
];

function casesOfMariadb(): readonly Case[] {
  const mysql = 'mysql-single-user';
  return [
    {
      what: 'rotates a user of MariaDB',
      function: mysql,
      secret: async (p) => json({ ...(await mariadbUser(p)), note: plant(p) }),
    },
    {
      what: 'is refused by MariaDB',
      function: mysql,
      secret: async (p) => json({ ...(await mariadbUser(p)), password: plant(p) }),
      error: /NoWorkingPassword.*leak_/s,
    },
    {
      what: 'has a user of MariaDB with a second password',
      function: mysql,
      async secret(p) {
        const user = await mariadbUser(p);
        const method = 'mysql_native_password USING PASSWORD';
        await mariadb?.query(
          `ALTER USER ${user['username']}@'%' IDENTIFIED VIA ${method}('${plant(p, 'Plain-canary-1')}') OR ${method}('other')`,
        );
        return json({ ...user, password: 'Plain-canary-1' });
      },
      error: /PasswordChangeForbidden.*leak_/s,
    },
  ];
}

function casesOfAlternatingUsers(): readonly Case[] {
  /** A user, and a superuser whose secret and whose rights over the user may be other than they should. */
  const pair = async (
    p: string[],
    {
      user = {},
      superuser = {},
      administers = true,
    }: Partial<Record<'user' | 'superuser', object>> & { administers?: boolean },
  ) => {
    const [first, powerful] = [await role(p), await role(p, 'CREATEROLE')];
    if (administers) await postgres.query(`GRANT ${first['username']} TO ${powerful['username']} WITH ADMIN OPTION`);
    const masterarn = protocol.createSecret(JSON.stringify({ ...powerful, note: plant(p), ...superuser }));
    return json({ ...first, masterarn, ...user });
  };
  const cases: readonly Omit<Case, 'function'>[] = [
    { what: 'lets another user in', secret: (p) => pair(p, {}) },
    {
      what: 'is refused the current user',
      secret: (p) => pair(p, { user: { password: plant(p) } }),
      error: /CurrentLoginRefused.*leak_/s,
    },
    {
      what: 'is refused the superuser',
      secret: (p) => pair(p, { superuser: { password: plant(p) } }),
      error: /SuperuserRefused.*leak_/s,
    },
    {
      what: 'has a superuser without the right',
      secret: (p) => pair(p, { administers: false }),
      error: /SuperuserRefused.*GRANT "leak_/s,
    },
    {
      what: "finds a password where the superuser's host should be",
      secret: (p) => pair(p, { superuser: { host: plant(p) } }),
      error: /InvalidSecret.*superuser's secret.*"host"/s,
    },
    {
      what: 'hears the password of the current user from the database of both',
      secret: (p) => pair(p, { user: { port: echoingDatabase.port }, superuser: { port: echoingDatabase.port } }),
      error: /DatabaseRefused.*leak_/s,
    },
  ];
  return cases.map((example) => ({ ...example, function: 'postgres-alternating-users' }));
}

function login_(planted: string[]) {
  return json(login(planted));
}

describe.each([
  { level: 'as deployed', environment: {} },
  {
    level: 'at DEBUG, with the event logged',
    environment: { POWERTOOLS_LOG_LEVEL: 'DEBUG', POWERTOOLS_LOGGER_LOG_EVENT: 'true' },
  },
])('no secret value leaves a function, $level, when it', ({ environment }) => {
  let host: LambdaHost;
  let endpoint = '';

  beforeAll(async () => {
    await build();
    protocol = await startProtocol();
    postgres = await startPostgres();
    if (mariadbMissing() === undefined) mariadb = await startMariadb();
    closedPort = await freePort();
    echoingDatabase = await echoingPostgres();
    echoingService = await echoingSecretsManager(protocol.service.endpoint);
    host = startLambdaHost({
      dist: distFolder(),
      functionEnvironment: () => ({ ...functionEnvironment(endpoint), ...environment }),
      timeoutMs: 15_000,
    });
  });

  afterAll(async () => {
    await host.close();
    for (const server of [echoingDatabase, echoingService, protocol]) await server.close();
    await mariadb?.stop();
    await postgres.stop();
  });

  it.each(cases)('$what', async (example) => {
    const planted: string[] = [];
    const { value, tags = [] } = { tags: [], ...(await example.secret(planted)) };
    const secret = protocol.createSecret(value, tags);
    const token = protocol.beginRotation(secret);
    const staged = example.candidate?.(planted);
    if (staged !== undefined) protocol.stage(secret, token, staged);
    endpoint = example.endpoint?.() ?? protocol.service.endpoint;
    host.kill();

    const invocations: Invocation[] = [];
    for (const Step of STEPS) {
      const rotationToken = randomUUID();
      planted.push(rotationToken);
      const more = example.event?.(planted) ?? {};
      const event = { Step, SecretId: secret, ClientRequestToken: token, RotationToken: rotationToken, ...more };
      invocations.push(await host.invoke(example.function, event));
    }

    const seen = JSON.stringify(invocations, null, 1) + invocations.flatMap(({ log }) => log).join('\n');
    const leaked = [...planted, ...protocol.secretTexts(secret)].flatMap(formsOf).filter((form) => seen.includes(form));
    expect(leaked).toEqual([]);
    const failed = invocations.filter(({ outcome }) => outcome === 'failed');
    expect(failed.length > 0).toBe(example.error !== undefined);
    const errors = failed.map(
      (invocation) => 'error' in invocation && `${invocation.error.errorType}: ${invocation.error.errorMessage}`,
    );
    if (example.error) expect(errors.join('\n')).toMatch(example.error);
  });
});
