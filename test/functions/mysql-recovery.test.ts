import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logsIn } from '../../local/databases/database-server.ts';
import { type MysqlServer, startMysql } from '../../local/databases/mysql-server.ts';
import { outputOfEachTest } from '../support/captured-output.ts';
import { type CrashPoint, Effects } from '../support/effects.ts';
import { failureOf } from '../support/failure.ts';
import { mysqlProxy } from '../support/mysql-effects.ts';
import { MYSQL_KINDS, newMysqlRotation, prepareMysql, RIGHT } from '../support/mysql-rotation.ts';
import { type Protocol, startProtocol } from '../support/protocol.ts';
import { describeWithMysql, MARIADB } from '../support/with-mysql.ts';

outputOfEachTest();

describeWithMysql('the secret of', (serverKind) => {
  let server: MysqlServer;
  let protocol: Protocol;
  let effects: Effects;
  let proxy: Awaited<ReturnType<typeof mysqlProxy>>;
  beforeAll(async () => {
    [server, protocol] = await Promise.all([startMysql(serverKind), startProtocol()]);
    await prepareMysql(server);
    effects = new Effects(async () => {});
    proxy = await mysqlProxy(server, effects);
  });
  afterAll(async () => {
    await proxy.close();
    await Promise.all([server.stop(), protocol.close()]);
  });

  describe.each(MYSQL_KINDS)('%s', (kind) => {
    const begin = () => newMysqlRotation(kind, server, protocol, { host: '127.0.0.1', port: proxy.port });
    type Rotation = Awaited<ReturnType<typeof begin>>;

    async function bothSteps(rotation: Rotation): Promise<void> {
      for (const step of ['setSecret', 'testSecret'] as const) await rotation.step(step);
    }

    async function expectWhole(rotation: Rotation, when: string): Promise<void> {
      const { alternating, first, loginIn } = rotation;
      for (const stage of kind === 'a single user' ? ['AWSCURRENT'] : ['AWSCURRENT', 'AWSPREVIOUS']) {
        expect(await rotation.logsIn(stage), `${stage}, ${when}`).toBe(true);
        const login = loginIn(stage);
        if (login) await server.query(RIGHT, login);
      }
      const accounts = await rotation.accounts();
      const users = alternating ? [first, `${first}_clone`] : [first];
      expect(Object.keys(accounts), when).toEqual(users.flatMap((user) => [`${user}@%`, `${user}@10.%`]));
      for (const host of ['%', '10.%']) {
        const [own, ...others] = users.map((user) => accounts[`${user}@${host}`]);
        for (const other of others) expect(other, when).toEqual(own);
      }
    }

    it('survives that the server dies before or after each statement: a named error, and the repeat works', async () => {
      const clean = await begin();
      await clean.step('createSecret');
      effects.arm();
      await bothSteps(clean);
      const { names } = effects;
      await clean.step('finishSecret');
      await expectWhole(clean, 'nobody having died');
      expect(names.filter((name) => name === 'login').length).toBeGreaterThanOrEqual(2);

      for (const [effect, name] of names.entries()) {
        // Nobody waits for it.
        if (name === 'farewell') continue;
        for (const when of ['before', 'after'] as const) {
          const point: CrashPoint = { effect, when };
          const told = `dead ${when} ${name} (${effect})`;
          const rotation = await begin();
          await rotation.step('createSecret');
          effects.arm(point);
          const failure = await bothSteps(rotation).then(
            () => undefined,
            (error: unknown) => error,
          );
          expect(effects.killed, told).toBe(true);
          // Only a statement that was carried out may turn out to be all that was missing.
          if (when === 'before' || failure !== undefined) expect(failure, told).toMatchObject({ name: 'Unreachable' });
          const working = await Promise.all(['AWSCURRENT', 'AWSPENDING'].map(rotation.logsIn));
          expect(working, told).toContain(true);
          if (kind !== 'a single user') expect(working[0], told).toBe(true);
          await rotation.finish();
          await expectWhole(rotation, told);
        }
      }
    }, 120_000);

    it('ends every password that was live before once it has rotated twice', async () => {
      const rotation = await begin();
      await rotation.finish();
      const leaked = ['AWSCURRENT', 'AWSPREVIOUS'].map(rotation.loginIn).filter((login) => login !== undefined);
      expect(leaked).toHaveLength(2);
      if (kind !== 'a single user') {
        // Of a rotation that is given up. A single user's only password would be lost with it.
        rotation.restart();
        await rotation.step('createSecret');
        await rotation.step('setSecret');
        leaked.push(...[rotation.loginIn('AWSPENDING')].filter((login) => login !== undefined));
      }
      for (const _ of ['once', 'twice']) {
        rotation.restart();
        await rotation.finish();
      }
      for (const login of leaked) expect(await logsIn(server, login)).toBe(false);
      await expectWhole(rotation, 'twice rotated');
    });
  });
});

describeWithMysql(
  'where there is a rule for passwords, the secret of',
  (serverKind) => {
    let server: MysqlServer;
    let protocol: Protocol;
    beforeAll(async () => {
      [server, protocol] = await Promise.all([
        startMysql(serverKind, { plugins: ['simple_password_check'] }),
        startProtocol(),
      ]);
      await prepareMysql(server);
    });
    afterAll(() => Promise.all([server.stop(), protocol.close()]));

    it.each(MYSQL_KINDS)('%s stays rotatable when the rule refuses a candidate', async (kind) => {
      const rotation = await newMysqlRotation(kind, server, protocol);
      const username = kind === 'the first of two users' ? `${rotation.first}_clone` : rotation.first;
      rotation.stage({ username, password: 'weak' });
      const error = await failureOf(rotation.step('setSecret'));
      expect(error.name).toBe('CandidateRefused');
      expect(error.message).toMatch(/rotation:length/);
      expect(protocol.stages(rotation.arn)).not.toHaveProperty('AWSPENDING');
      expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
      expect(await logsIn(server, { username, password: 'weak' })).toBe(false);
      rotation.restart();
      await rotation.finish();
      expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
    });
  },
  { only: MARIADB, plugins: ['simple_password_check'] },
);
