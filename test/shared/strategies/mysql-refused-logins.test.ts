import { UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { logsIn } from '../../../local/databases/database-server.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { FIRST_PASSWORD, type MysqlSecretOptions, newMysqlSecret } from '../../support/mysql-secret.ts';
import { OVERLAP } from '../../support/overlapping-rotation.ts';
import { type Protocol, startProtocol } from '../../support/protocol.ts';
import { describeWithMysql } from '../../support/with-mysql.ts';
import { startTestServer, type TestServer } from '../engines/mysql-server.ts';

outputOfEachTest();

const BY_HAND = 'Set-by-hand-1';

describeWithMysql('an account that locks itself', (kind) => {
  let server: TestServer;
  let protocol: Protocol;
  beforeAll(async () => {
    // A server of its own: MariaDB counts for all accounts alike.
    server = await startTestServer(kind, { settings: { 'max-connections': '40' } });
    protocol = await startProtocol();
  });
  afterAll(() => Promise.all([server.stop(), protocol.close()]));

  /** A secret of an account that is locked by so many refused logins in a row. */
  async function begin(attempts: number, options: MysqlSecretOptions & { history?: boolean } = {}) {
    const engine = kind === 'mysql' ? 'mysql' : 'mariadb';
    const rotation = await newMysqlSecret(server, protocol, { ...options, fields: { engine, ...options.fields } });
    if (kind === 'mysql') {
      const history = options.history ? ' PASSWORD HISTORY 3' : '';
      await server.query(
        `ALTER USER ${rotation.username}@'%' FAILED_LOGIN_ATTEMPTS ${attempts} PASSWORD_LOCK_TIME 1${history}`,
      );
    } else {
      await server.query(`SET GLOBAL max_password_errors = ${attempts}`);
      onTestFinished(async () => void (await server.query('SET GLOBAL max_password_errors = 4294967295')));
    }
    const setByHand = (password: string) =>
      server.query(`ALTER USER ${rotation.username}@'%' IDENTIFIED BY '${password}'`);
    // A locked account refuses the right password with an error of its own.
    const accepts = (password: string, username = rotation.username) => logsIn(server, { username, password });
    return { ...rotation, rotation, setByHand, accepts };
  }

  it.each<[string, MysqlSecretOptions]>([
    ['one user', {}],
    ['one user with two passwords', { tags: OVERLAP }],
    ['two users', { strategy: 'two users' }],
  ])('at the first refused login is rotated without one, for %s', async (_, options) => {
    const { rotation } = await begin(1, options);
    for (let time = 0; time < 3; time += 1) {
      await rotation.finish();
      rotation.restart();
    }
  });

  it('at the first is not locked when a step that has succeeded is repeated', async () => {
    const { rotation, accepts, passwordIn } = await begin(1);
    await rotation.step('createSecret');
    for (let time = 0; time < 3; time += 1) await rotation.step('setSecret');
    await rotation.step('testSecret');
    expect(await accepts(passwordIn('AWSPENDING'))).toBe(true);
  });

  it('at the second is not locked when another process finds the candidate applied', async () => {
    const { rotation, setByHand, accepts, passwordIn } = await begin(2);
    await rotation.step('createSecret');
    await setByHand(passwordIn('AWSPENDING'));
    await rotation.step('setSecret');
    expect(await accepts(passwordIn('AWSPENDING'))).toBe(true);
  });

  it.each<[string, MysqlSecretOptions]>([
    ['one user', {}],
    ['one user with a superuser', { withSuperuser: true, tags: OVERLAP }],
    ['two users', { strategy: 'two users' }],
  ])('at the third is not locked by one step that knows no working password, for %s', async (_, options) => {
    const { rotation, setByHand, accepts } = await begin(3, options);
    await rotation.finish();
    rotation.restart();
    await rotation.step('createSecret');
    const { username } = JSON.parse(protocol.valueOf(rotation.arn, 'AWSCURRENT') ?? '');
    if (username === rotation.username) await setByHand(BY_HAND);
    else await server.query(`ALTER USER ${username}@'%' IDENTIFIED BY '${BY_HAND}'`);
    const { name } = await rotation.failure('setSecret');
    expect(['TooManyRefusedLogins', 'CurrentLoginRefused']).toContain(name);
    expect(await accepts(BY_HAND, username)).toBe(true);
  });

  it('has AWSPREVIOUS rotated in after what TooManyRefusedLogins says was done', async () => {
    const { rotation, setByHand } = await begin(3);
    await rotation.finish();
    rotation.restart();
    await setByHand(FIRST_PASSWORD);
    await rotation.step('createSecret');
    const { name, message } = await rotation.failure('setSecret');
    expect(name).toBe('TooManyRefusedLogins');
    const [, to = '', from = ''] = /--move-to-version-id (\S+) --remove-from-version-id (\S+)\. /.exec(message) ?? [];
    await protocol.client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: rotation.arn,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: to,
        RemoveFromVersionId: from,
      }),
    );
    await rotation.finish();
  });

  if (kind !== 'mysql') return;

  it('at the first is not locked when a rule refuses the candidate', async () => {
    const old = 'Aa1-used-before-and-remembered--';
    const { rotation, accepts, setByHand } = await begin(1, { history: true });
    await setByHand(old);
    await setByHand(FIRST_PASSWORD);
    rotation.stage({ password: old });
    expect(await rotation.failure('setSecret')).toMatchObject({ name: 'CandidateRefused' });
    expect(await accepts(FIRST_PASSWORD)).toBe(true);
  });
});
