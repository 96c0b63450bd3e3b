import { randomBytes } from 'node:crypto';
import { MYSQL_KINDS, type MysqlKind, mysqlMissing, NAMES } from '../../local/databases/mysql-kinds.ts';
import { type MysqlServer, startMysql } from '../../local/databases/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../../local/databases/postgres-server.ts';
import { freePort } from '../../local/free-port.ts';
import { json, type LeakCase, leaksNothing, plant } from '../conformance/leaks.ts';
import { type EchoingServer, echoingPostgres, echoingSecretsManager } from '../support/echoing-servers.ts';
import type { Protocol } from '../support/protocol.ts';

let protocol: Protocol;
let postgres: PostgresServer;
/** Those that are on this machine; the suites of `describeWithMysql` tell which are not. */
const kinds = MYSQL_KINDS.filter((kind) => mysqlMissing(kind) === undefined);
const servers = new Map<MysqlKind, MysqlServer>();
let closedPort: number;
let echoingDatabase: EchoingServer;
let echoingService: EchoingServer;

/** A role with a canary for its password. */
async function role(planted: string[], attributes = ''): Promise<Record<string, unknown>> {
  const [username, password] = [`leak_${randomBytes(4).toString('hex')}`, plant(planted)];
  await postgres.query(`CREATE ROLE ${username} LOGIN ${attributes} PASSWORD E'${password.replace(/['\\]/g, '\\$&')}'`);
  return { ...login(planted), username, password };
}

/** A user of MySQL or MariaDB with a canary for its password. */
async function mysqlUser(kind: MysqlKind, planted: string[]): Promise<Record<string, unknown>> {
  const [username, password] = [`leak_${randomBytes(4).toString('hex')}`, plant(planted)];
  const server = servers.get(kind);
  await server?.query(`CREATE USER ${username}@'%' IDENTIFIED BY '${password.replace(/['\\]/g, '\\$&')}'`);
  return { ...login(planted), engine: 'mysql', port: server?.port, username, password };
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

const random = 'random-password';
const database = 'postgres-single-user';

const cases: readonly LeakCase[] = [
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
    error: /CandidateGivenUp/,
  },
  {
    what: 'rotates a database user',
    function: database,
    secret: async (p) => json({ ...(await role(p)), note: plant(p) }),
  },
  { what: 'finds no JSON', function: database, secret: (p) => ({ value: plant(p) }), error: /InvalidSecret/ },
  ...['engine', 'host', 'port', 'username', 'password', 'dbname', 'ssl'].map(
    (field): LeakCase => ({
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
    error: /CurrentLoginRefused.*127\.0\.0\.1.*is given up/s,
  },
  ...casesOfAlternatingUsers(),
  ...kinds.flatMap(casesOf),
];

function casesOf(kind: MysqlKind): readonly LeakCase[] {
  const mysql = 'mysql-single-user';
  const several: LeakCase = {
    what: `has a user of ${NAMES[kind]} with a second password`,
    function: mysql,
    async secret(p) {
      const user = await mysqlUser(kind, p);
      const method = 'mysql_native_password USING PASSWORD';
      await servers
        .get(kind)
        ?.query(
          `ALTER USER ${user['username']}@'%' IDENTIFIED VIA ${method}('${plant(p, 'Plain-canary-1')}') OR ${method}('other')`,
        );
      return json({ ...user, password: 'Plain-canary-1' });
    },
    error: /PasswordChangeForbidden.*leak_/s,
  };
  return [
    {
      what: `rotates a user of ${NAMES[kind]}`,
      function: mysql,
      secret: async (p) => json({ ...(await mysqlUser(kind, p)), note: plant(p) }),
    },
    {
      what: `is refused by ${NAMES[kind]}`,
      function: mysql,
      secret: async (p) => json({ ...(await mysqlUser(kind, p)), password: plant(p) }),
      error: /NoWorkingPassword.*leak_/s,
    },
    ...(kind === 'mysql' ? [] : [several]),
  ];
}

function casesOfAlternatingUsers(): readonly LeakCase[] {
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
  const cases: readonly Omit<LeakCase, 'function'>[] = [
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

leaksNothing(cases, {
  async start(started) {
    protocol = started;
    postgres = await startPostgres();
    for (const kind of kinds) servers.set(kind, await startMysql(kind));
    closedPort = await freePort();
    echoingDatabase = await echoingPostgres();
    echoingService = await echoingSecretsManager(protocol.service.endpoint);
  },

  async stop() {
    for (const server of [echoingDatabase, echoingService]) await server.close();
    for (const server of servers.values()) await server.stop();
    await postgres.stop();
  },
});
