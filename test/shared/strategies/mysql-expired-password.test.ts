import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { FIRST_PASSWORD, type MysqlSecretOptions, newMysqlSecret } from '../../support/mysql-secret.ts';
import { OVERLAP } from '../../support/overlapping-rotation.ts';
import { type Protocol, startProtocol } from '../../support/protocol.ts';
import { describeWithMysql } from '../../support/with-mysql.ts';
import { startTestServer, type TestServer } from '../engines/mysql-server.ts';

outputOfEachTest();

describeWithMysql('what has expired', (kind) => {
  const isMysql = kind === 'mysql';
  let server: TestServer;
  let protocol: Protocol;
  beforeAll(async () => {
    [server, protocol] = await Promise.all([startTestServer(kind), startProtocol()]);
  });
  afterAll(() => Promise.all([server.stop(), protocol.close()]));

  const begin = async ({ options = {}, state }: { options?: MysqlSecretOptions; state: readonly string[] }) => {
    const rotation = await newMysqlSecret(server, protocol, {
      ...options,
      fields: { engine: isMysql ? 'mysql' : 'mariadb' },
    });
    await rotation.run(state);
    return rotation;
  };

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

  it.each(['the process that has set it', 'another process'])(
    'a candidate that has expired before it was tested is set again, by %s',
    async (by) => {
      const rotation = await begin({ state: [] });
      await rotation.step('createSecret');
      if (by === 'another process')
        await rotation.run([`ALTER USER $A IDENTIFIED BY '${rotation.passwordIn('AWSPENDING')}'`]);
      else await rotation.step('setSecret');
      await rotation.run(['ALTER USER $A PASSWORD EXPIRE']);
      await rotation.finish();
    },
  );

  it.runIf(isMysql)(
    'an expired candidate that a rule does not let be set again is told, and not given up',
    async () => {
      const rotation = await begin({ state: ['ALTER USER $A PASSWORD HISTORY 3'] });
      await rotation.step('createSecret');
      await rotation.step('setSecret');
      await rotation.run(['ALTER USER $A PASSWORD EXPIRE']);
      const { name, message } = await rotation.failure('setSecret');
      expect({ name, message }).toMatchObject({
        name: 'DatabaseRefused',
        message: expect.stringMatching(/ALTER USER … PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY/),
      });
      expect(protocol.stages(rotation.arn)).toHaveProperty('AWSPENDING', rotation.token);
      await rotation.run(['ALTER USER $A PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY']);
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
