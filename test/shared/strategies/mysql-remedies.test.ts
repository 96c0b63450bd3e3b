import { PutSecretValueCommand, TagResourceCommand } from '@aws-sdk/client-secrets-manager';
import { createConnection } from 'mariadb';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Step } from '../../../shared/rotation/event.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { certificateAuthority, serverCertificate } from '../../support/certificates.ts';
import { FIRST_PASSWORD, type MysqlSecretOptions, newMysqlSecret } from '../../support/mysql-secret.ts';
import { OVERLAP } from '../../support/overlapping-rotation.ts';
import { type Protocol, startProtocol } from '../../support/protocol.ts';
import { describeWithMysql } from '../../support/with-mysql.ts';
import { startTestServer, type TestServer } from '../engines/mysql-server.ts';

outputOfEachTest();

/** More than RSA with a key of 2,048 bits takes. */
const LONG = `Aa1-${'x'.repeat(210)}`;

type Rotation = Awaited<ReturnType<typeof newMysqlSecret>>;

/** A state of the server or of the secret, the error that it gives, and what its message says is to be done. */
interface Case {
  readonly options?: MysqlSecretOptions;
  /** `$A` stands for the account. */
  readonly state: readonly string[];
  readonly step?: Step;
  readonly name: string;
  /** What the message has to say. */
  readonly says: RegExp;
  readonly remedy: {
    readonly sql?: readonly string[];
    readonly fields?: Record<string, unknown>;
    readonly tags?: Record<string, string>;
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

  const run = async (rotation: Rotation, statements: readonly string[] = []) => {
    for (const statement of statements) await server.query(statement.replaceAll('$A', `\`${rotation.username}\`@'%'`));
  };
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
    const { name, message } = await rotation.failure(one.step ?? 'setSecret');
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

  describe('an expired password is rotated', () => {
    it.each<[string, MysqlSecretOptions, readonly string[]]>([
      ['by the user itself', {}, []],
      [
        'by the user itself, if it may keep two',
        { tags: OVERLAP },
        isMysql ? ['GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO $A'] : [],
      ],
      ['with a superuser for two passwords', { tags: OVERLAP, withSuperuser: true }, []],
      ['with two users, of which each has its turn', { strategy: 'two users' }, []],
    ])('%s', async (_, options, state) => {
      const rotation = await begin({ options, state });
      for (let time = 0; time < 3; time += 1) {
        const { username } = JSON.parse(protocol.valueOf(rotation.arn, 'AWSCURRENT') ?? '');
        await server.query(`ALTER USER \`${username}\`@'%' PASSWORD EXPIRE`);
        await rotation.finish();
        rotation.restart();
      }
      expect(rotation.passwordIn('AWSCURRENT')).not.toBe(FIRST_PASSWORD);
    });
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

  it.each(['the process that has set it', 'another process'])(
    'a candidate that has expired before it was tested is set again, by %s',
    async (by) => {
      const rotation = await begin({ state: [] });
      await rotation.step('createSecret');
      if (by === 'another process')
        await run(rotation, [`ALTER USER $A IDENTIFIED BY '${rotation.passwordIn('AWSPENDING')}'`]);
      else await rotation.step('setSecret');
      await run(rotation, ['ALTER USER $A PASSWORD EXPIRE']);
      await rotation.finish();
    },
  );

  it.runIf(isMysql)(
    'an expired candidate that a rule does not let be set again is told, and not given up',
    async () => {
      const rotation = await begin({ state: ['ALTER USER $A PASSWORD HISTORY 3'] });
      await rotation.step('createSecret');
      await rotation.step('setSecret');
      await run(rotation, ['ALTER USER $A PASSWORD EXPIRE']);
      const { name, message } = await rotation.failure('setSecret');
      expect({ name, message }).toMatchObject({
        name: 'DatabaseRefused',
        message: expect.stringMatching(/ALTER USER … PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY/),
      });
      expect(protocol.stages(rotation.arn)).toHaveProperty('AWSPENDING', rotation.token);
      await run(rotation, ['ALTER USER $A PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY']);
      await rotation.finish();
    },
  );

  it('a test of an expired password fails and says that a whole rotation helps, which does', async () => {
    const rotation = await begin({ state: ['ALTER USER $A PASSWORD EXPIRE'] });
    rotation.stage({});
    const { name, message } = await rotation.failure('testSecret');
    expect({ name, message }).toMatchObject({
      name: 'DatabaseRefused',
      message: expect.stringMatching(/whole rotation/),
    });
    rotation.restart();
    await rotation.finish();
  });
});

function place({ host, port }: TestServer) {
  return { host, port, allowPublicKeyRetrieval: true };
}
