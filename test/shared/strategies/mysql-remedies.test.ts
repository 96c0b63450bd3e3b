import { PutSecretValueCommand, TagResourceCommand } from '@aws-sdk/client-secrets-manager';
import { createConnection } from 'mariadb';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { mysql } from '../../../shared/engines/mysql.ts';
import { connectError } from '../../../shared/engines/mysql-errors.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { certificateAuthority, serverCertificate } from '../../support/certificates.ts';
import { failureOf } from '../../support/failure.ts';
import {
  FIRST_PASSWORD,
  type MysqlSecret,
  type MysqlSecretOptions,
  newMysqlSecret,
} from '../../support/mysql-secret.ts';
import { type Protocol, startProtocol } from '../../support/protocol.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { describeWithMysql } from '../../support/with-mysql.ts';
import { startTestServer, type TestServer } from '../engines/mysql-server.ts';

outputOfEachTest();

/** More than RSA with a key of 2,048 bits takes. */
const LONG = `Aa1-${'x'.repeat(210)}`;

/** A state of the server or of the secret, the error that it gives, and what its message says is to be done. */
interface Case {
  readonly options?: MysqlSecretOptions;
  /** `$A` stands for the account. */
  readonly state: readonly string[];
  readonly name: string;
  /** What the message has to say. */
  readonly says: RegExp;
  readonly remedy: {
    readonly sql?: readonly string[];
    readonly fields?: Record<string, unknown>;
  };
  readonly undo?: readonly string[];
}

describeWithMysql('what an error says is to be done helps', (kind) => {
  const isMysql = kind === 'mysql';
  let server: TestServer;
  let protocol: Protocol;
  let ca: string;
  beforeAll(async () => {
    const authority = await certificateAuthority();
    ca = authority.cert;
    const certificate = await serverCertificate(authority, ['127.0.0.1']);
    server = await startTestServer(kind, {
      settings: { 'ssl-cert': 'server.crt', 'ssl-key': 'server.key' },
      files: { 'server.crt': certificate.cert, 'server.key': certificate.key },
    });
    protocol = await startProtocol();
  });
  afterAll(() => Promise.all([server.stop(), protocol.close()]));

  const run = (rotation: MysqlSecret, statements: readonly string[] = []) => rotation.run(statements);
  const begin = async ({ options = {}, state, undo }: Pick<Case, 'options' | 'state' | 'undo'>) => {
    const engine = isMysql ? 'mysql' : 'mariadb';
    const rotation = await newMysqlSecret(server, protocol, { ...options, fields: { engine, ...options.fields } });
    onTestFinished(() => run(rotation, undo));
    await run(rotation, state);
    return rotation;
  };

  const limited = (limit: string): Partial<Case> & Pick<Case, 'state' | 'name' | 'says' | 'remedy'> => ({
    state: [`ALTER USER $A WITH ${limit} 1`],
    name: 'DatabaseRefused',
    says: new RegExp(`ALTER USER … WITH ${limit} 0`),
    remedy: { sql: [`ALTER USER $A WITH ${limit} 0`] },
  });

  const cases: Record<string, Case> = {
    'REQUIRE SSL, and the secret says "ssl": false': {
      options: { withSuperuser: false },
      state: ['ALTER USER $A REQUIRE SSL'],
      name: 'NoWorkingPassword',
      says: /requires TLS \(then remove "ssl": false\)/,
      remedy: { fields: { ssl: 'the authority' } },
    },
    'REQUIRE X509': {
      options: { fields: { ssl: 'the authority' } },
      state: ['ALTER USER $A REQUIRE X509'],
      name: 'NoWorkingPassword',
      says: /ALTER USER … REQUIRE SSL, as a superuser/,
      remedy: { sql: ['ALTER USER $A REQUIRE SSL'] },
    },
    'an account for other hosts': {
      state: [`RENAME USER $A TO elsewhere@'10.9.8.7'`],
      name: 'NoWorkingPassword',
      says: /for other hosts than this function's \(then RENAME USER/,
      remedy: { sql: [`RENAME USER elsewhere@'10.9.8.7' TO $A`] },
    },
    'a locked account': {
      state: ['ALTER USER $A ACCOUNT LOCK'],
      name: 'DatabaseRefused',
      says: /ALTER USER … ACCOUNT UNLOCK, as a superuser/,
      remedy: { sql: ['ALTER USER $A ACCOUNT UNLOCK'] },
    },
    'a database that is not there': {
      options: { fields: { dbname: 'nowhere' } },
      state: [],
      name: 'DatabaseRefused',
      says: /Check that database nowhere exists/,
      remedy: { fields: { dbname: undefined } },
    },
    'a database without a privilege': {
      options: { fields: { dbname: 'closed' } },
      state: ['CREATE DATABASE IF NOT EXISTS closed'],
      name: 'DatabaseRefused',
      says: /GRANT … ON `closed`\.\* TO the account/,
      remedy: { sql: ['GRANT SELECT ON `closed`.* TO $A'] },
    },
    'an init_connect that fails': {
      state: ["SET GLOBAL init_connect = 'SELECT * FROM nowhere.nothing'"],
      name: 'DatabaseRefused',
      says: /Correct the server's init_connect/,
      remedy: { sql: ["SET GLOBAL init_connect = ''"] },
      undo: ["SET GLOBAL init_connect = ''"],
    },
    'a server that only reads': {
      state: ['SET GLOBAL read_only = 1'],
      name: 'Unreachable',
      says: /secret's host is the writer/,
      remedy: { sql: ['SET GLOBAL read_only = 0'] },
      undo: ['SET GLOBAL read_only = 0'],
    },
    'too few queries an hour': limited('MAX_QUERIES_PER_HOUR'),
  };
  if (isMysql) {
    cases['a password too long to be shown without TLS'] = {
      options: { fields: { password: LONG } },
      state: [`ALTER USER $A IDENTIFIED BY '${LONG}'`],
      name: 'DatabaseRefused',
      says: /without TLS\. Remove "ssl": false from the secret/,
      remedy: { fields: { ssl: 'the authority' } },
    };
    cases['failed logins'] = {
      state: ['ALTER USER $A FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME UNBOUNDED', 'LOGIN'],
      name: 'DatabaseRefused',
      says: /ALTER USER … ACCOUNT UNLOCK, as a superuser/,
      remedy: { sql: ['ALTER USER $A ACCOUNT UNLOCK'] },
    };
  }

  it.each(Object.entries(cases))('%s', async (_, one) => {
    const fieldsOf = (fields: Readonly<Record<string, unknown>> = {}) =>
      'ssl' in fields ? { ...fields, ssl: { ca } } : fields;
    const options = { ...one.options, fields: fieldsOf(one.options?.fields) };
    const rotation = await begin({ ...one, options, state: one.state.filter((statement) => statement !== 'LOGIN') });
    if (one.state.includes('LOGIN')) {
      await createConnection({ ...place(server), user: rotation.username, password: 'wrong' }).catch(() => {});
    }
    await rotation.step('createSecret');
    const { name, message } = await rotation.failure('setSecret');
    expect({ name, message }).toMatchObject({ name: one.name, message: expect.stringMatching(one.says) });

    await run(rotation, one.remedy.sql);
    if (one.remedy.fields) {
      const value = JSON.parse(protocol.valueOf(rotation.arn, 'AWSCURRENT') ?? '');
      const text = JSON.stringify({ ...value, ...fieldsOf(one.remedy.fields) });
      await protocol.client.send(new PutSecretValueCommand({ SecretId: rotation.arn, SecretString: text }));
      await rotation.step('setSecret').catch(() => {});
      rotation.restart();
    }
    await rotation.finish();
  });

  it.runIf(isMysql)('a rule that wants longer passwords: the tag, then another rotation', async () => {
    await server.query("INSTALL COMPONENT 'file://component_validate_password'");
    onTestFinished(async () => void (await server.query("UNINSTALL COMPONENT 'file://component_validate_password'")));
    for (const options of [{}, { strategy: 'two users' }] as const) {
      await server.query('SET GLOBAL validate_password.length = 8');
      const rotation = await begin({ options, state: ['SET GLOBAL validate_password.length = 40'] });
      await rotation.step('createSecret');
      const { name, message } = await rotation.failure('setSecret');
      expect({ name, message }).toMatchObject({
        name: 'CandidateRefused',
        message: expect.stringMatching(/rotation:length/),
      });
      const Tags = [{ Key: 'rotation:length', Value: '40' }];
      await protocol.client.send(new TagResourceCommand({ SecretId: rotation.arn, Tags }));
      rotation.restart();
      await rotation.finish();
    }
  });

  it.each<[string, MysqlSecretOptions['fields'], string, RegExp, Pick<Case['remedy'], 'sql'>]>([
    [
      'that the account requires TLS',
      {},
      'ALTER USER $A REQUIRE SSL',
      /requires TLS \(then remove "ssl": false\)/,
      { sql: [] },
    ],
    [
      'that it requires a certificate',
      { ssl: 'the authority' },
      'ALTER USER $A REQUIRE X509',
      /ALTER USER … REQUIRE SSL/,
      { sql: ['ALTER USER $A REQUIRE SSL'] },
    ],
    [
      'that it is for other hosts',
      {},
      `RENAME USER $A TO $N@'10.9.8.7'`,
      /for other hosts than this function's \(then RENAME USER/,
      { sql: [`RENAME USER $N@'10.9.8.7' TO $A`] },
    ],
  ])('of two users, too, where the reason is %s', async (_, fields, state, says, remedy) => {
    const options = { strategy: 'two users' as const, fields: fields?.['ssl'] ? { ssl: { ca } } : {} };
    const rotation = await begin({ options, state: [] });
    const named = (statement: string) => statement.replaceAll('$N', rotation.username);
    await run(rotation, [named(state)]);
    await rotation.step('createSecret');
    const { name, message } = await rotation.failure('setSecret');
    expect({ name, message }).toMatchObject({ name: 'CurrentLoginRefused', message: expect.stringMatching(says) });
    await run(rotation, remedy.sql?.map(named));
    for (const arn of remedy.sql?.length ? [] : [rotation.arn, rotation.masterarn]) {
      const value = JSON.parse(protocol.valueOf(arn, 'AWSCURRENT') ?? '');
      const SecretString = JSON.stringify({ ...value, ssl: { ca } });
      await protocol.client.send(new PutSecretValueCommand({ SecretId: arn, SecretString }));
    }
    if (!remedy.sql?.length) {
      await rotation.step('setSecret').catch(() => {});
      rotation.restart();
    }
    await rotation.finish();
  });

  it('an account that is dropped under its session: the query shows that it is gone, and it can be created again', async () => {
    const rotation = await begin({ state: [] });
    const session = await mysql.connect(server.login(rotation.username, FIRST_PASSWORD), timeLimit());
    await run(rotation, ['DROP USER $A']);
    const change = session.changeOwnPassword(new Sensitive('Aa1-another-password'));
    const { message } = await failureOf(change.finally(() => session.close()));
    const [, query = ''] = /whether the account is there: (SELECT .*?'.*?')\. Only if it is not/.exec(message) ?? [];
    expect(await server.query(query)).toEqual([]);
    await run(rotation, [`CREATE USER $A IDENTIFIED BY '${FIRST_PASSWORD}'`]);
    expect(await server.query(query)).toEqual([{ User: rotation.username, Host: '%' }]);
    await rotation.finish();
  });

  it('what is said to free a blocked host is a statement of this server', async () => {
    const { message } = connectError(Object.assign(new Error('blocked'), { errno: 1129 }), server.login('app', 'x'));
    const [, atMysql = '', atMariadb = ''] = /: (TRUNCATE .*?) on MySQL, (.*?) on MariaDB/.exec(message) ?? [];
    await server.query(isMysql ? atMysql : atMariadb);
  });
});

function place({ host, port }: TestServer) {
  return { host, port, allowPublicKeyRetrieval: true };
}
