import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { logsIn } from '../../../local/databases/database-server.ts';
import { type MysqlServer, startMysql } from '../../../local/databases/mysql-server.ts';
import { mysqlOverlapping } from '../../../shared/engines/mysql-overlapping.ts';
import type { Step } from '../../../shared/rotation/event.ts';
import { rotationHandler } from '../../../shared/rotation/handler.ts';
import { overlappingUser } from '../../../shared/strategies/overlapping-user.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { Effects } from '../../support/effects.ts';
import { mysqlProxy } from '../../support/mysql-effects.ts';
import { OVERLAP } from '../../support/overlapping-rotation.ts';
import { invokeStep, type Protocol, startProtocol } from '../../support/protocol.ts';
import { describeWithMysql } from '../../support/with-mysql.ts';

const output = outputOfEachTest();
const warnings = () => output.logs().filter(({ level }) => level === 'WARN');

describeWithMysql(
  'an account that keeps its own second password',
  (kind) => {
    let server: MysqlServer;
    let protocol: Protocol;
    const effects = new Effects(async () => {});
    let proxy: Awaited<ReturnType<typeof mysqlProxy>>;
    beforeAll(async () => {
      [server, protocol] = await Promise.all([startMysql(kind), startProtocol()]);
      proxy = await mysqlProxy(server, effects);
    });
    afterAll(async () => {
      await proxy.close();
      await Promise.all([server.stop(), protocol.close()]);
    });

    const FIRST = 'first-password';

    /** An account, and a secret of it. */
    async function begin(tags: Readonly<Record<string, string>> = OVERLAP, options = '') {
      const username = `app_${randomBytes(4).toString('hex')}`;
      onTestFinished(async () => void (await server.query(`DROP USER ${username}@'%'`)));
      await server.query(`CREATE USER ${username}@'%' IDENTIFIED BY '${FIRST}' ${options}`);
      const place = { engine: 'mysql', host: '127.0.0.1', port: proxy.port, ssl: false };
      const arn = protocol.createSecret(
        JSON.stringify({ ...place, username, password: FIRST }),
        Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      );
      const passwordIn = (stage: string): string => JSON.parse(protocol.valueOf(arn, stage) ?? '{}').password;
      const handler = rotationHandler(overlappingUser(mysqlOverlapping), protocol.client);
      const rotation = {
        token: protocol.beginRotation(arn),
        passwordIn,
        step: (step: Step) => invokeStep(handler, step, arn, rotation.token),
        async steps() {
          for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const)
            await rotation.step(step);
        },
        restart() {
          rotation.token = protocol.beginRotation(arn);
        },
        async rotate() {
          rotation.restart();
          await rotation.steps();
        },
        tag(name: string, value: string | undefined) {
          const { tags: all } = protocol.service.store.find(arn);
          if (value === undefined) all.delete(name);
          else all.set(name, value);
        },
        accepts: (password: string) => logsIn(server, { username, password }),
        grant: (privilege = 'APPLICATION_PASSWORD_ADMIN') =>
          server.query(`GRANT ${privilege} ON *.* TO ${username}@'%'`),
        revoke: () => server.query(`REVOKE APPLICATION_PASSWORD_ADMIN ON *.* FROM ${username}@'%'`),
        asSuperuser: (statement: string) => server.query(`ALTER USER ${username}@'%' ${statement}`),
      };
      await rotation.grant();
      return rotation;
    }
    type Rotation = Awaited<ReturnType<typeof begin>>;

    async function works(rotation: Rotation, ...stages: readonly string[]): Promise<void> {
      for (const stage of stages) expect(await rotation.accepts(rotation.passwordIn(stage)), stage).toBe(true);
    }

    it.each([
      ['with the tag', OVERLAP],
      ['without it', {}],
    ])('loses the second password, too, when the first has expired, %s', async (_, tags) => {
      const rotation = await begin(tags);
      await rotation.steps();
      await rotation.asSuperuser("IDENTIFIED BY 'kept by hand'");
      await rotation.asSuperuser(`IDENTIFIED BY '${rotation.passwordIn('AWSCURRENT')}' RETAIN CURRENT PASSWORD`);
      await rotation.asSuperuser('PASSWORD EXPIRE');
      await rotation.rotate();
      await works(rotation, 'AWSCURRENT');
      expect(await rotation.accepts('kept by hand')).toBe(false);
    });

    it('ends its second password by CREATE USER as well', async () => {
      const rotation = await begin({});
      await rotation.revoke();
      await rotation.grant('CREATE USER');
      await rotation.asSuperuser("IDENTIFIED BY 'kept by hand'");
      await rotation.asSuperuser(`IDENTIFIED BY '${FIRST}' RETAIN CURRENT PASSWORD`);
      await rotation.steps();
      await works(rotation, 'AWSCURRENT');
      expect(await rotation.accepts('kept by hand')).toBe(false);
    });

    it('keeps its old password by CREATE USER as well', async () => {
      const rotation = await begin();
      await rotation.revoke();
      await rotation.grant('CREATE USER');
      await rotation.steps();
      await works(rotation, 'AWSCURRENT', 'AWSPREVIOUS');
    });

    it('has the passwords of AWSCURRENT and AWSPREVIOUS after each rotation, for 2 logins, none of them refused', async () => {
      const rotation = await begin();
      for (let time = 0; time < 3; time++) {
        const before = proxy.logins();
        await rotation.rotate();
        const after = proxy.logins();
        expect([after.accepted - before.accepted, after.refused - before.refused]).toEqual([2, 0]);
        await works(rotation, 'AWSCURRENT', 'AWSPREVIOUS');
      }
      expect(warnings()).toEqual([]);
    });

    it.each(['', 'PASSWORD HISTORY 5'])(
      'keeps the current one after a rotation that was given up (%s)',
      async (options) => {
        const rotation = await begin(OVERLAP, options);
        await rotation.step('createSecret');
        await rotation.step('setSecret');
        const abandoned = rotation.passwordIn('AWSPENDING');
        await rotation.rotate();
        await works(rotation, 'AWSCURRENT', 'AWSPREVIOUS');
        expect(rotation.passwordIn('AWSPREVIOUS')).toBe(FIRST);
        expect(await rotation.accepts(abandoned)).toBe(false);
      },
    );

    it('keeps the current one when copies of setSecret run at once', async () => {
      const rotation = await begin();
      await rotation.step('createSecret');
      await Promise.all(Array.from({ length: 3 }, () => rotation.step('setSecret')));
      await works(rotation, 'AWSCURRENT', 'AWSPENDING');
    });

    it.each<[string, (rotation: Rotation) => Promise<unknown>]>([
      ['two passwords', async () => {}],
      ['the plain way', async (rotation) => rotation.tag('rotation:overlap', undefined)],
      ['the plain way and back', async (rotation) => rotation.tag('rotation:overlap', 'false')],
      [
        'two passwords, and somebody gave a second one by hand',
        (rotation) => rotation.asSuperuser("IDENTIFIED BY 'by-hand' RETAIN CURRENT PASSWORD"),
      ],
    ])('ends all that was live once it has rotated twice: %s', async (way, prepare) => {
      const rotation = await begin();
      await rotation.rotate();
      const live = [FIRST, rotation.passwordIn('AWSCURRENT'), 'by-hand'];
      await prepare(rotation);
      await rotation.rotate();
      if (way.endsWith('back')) rotation.tag('rotation:overlap', 'true');
      await rotation.rotate();
      await works(rotation, 'AWSCURRENT');
      for (const password of live) expect(await rotation.accepts(password)).toBe(false);
    });

    it('ends the old ones although a plain setSecret was cut off before it could', async () => {
      const rotation = await begin();
      await rotation.rotate();
      rotation.tag('rotation:overlap', undefined);
      const old = rotation.passwordIn('AWSPREVIOUS');
      rotation.restart();
      await rotation.step('createSecret');
      // What the account is between the two statements.
      await rotation.asSuperuser(`IDENTIFIED BY '${old}'`);
      await rotation.asSuperuser(`IDENTIFIED BY '${rotation.passwordIn('AWSPENDING')}' RETAIN CURRENT PASSWORD`);
      await rotation.asSuperuser('ACCOUNT UNLOCK');
      await rotation.steps();
      await works(rotation, 'AWSCURRENT');
      expect(await rotation.accepts(old)).toBe(false);
    });

    it('ends the old ones, and keeps none that is wanted, whichever answer of a setSecret is lost', async () => {
      for (const tags of [{}, OVERLAP]) {
        for (let effect = 0, isReached = true; isReached; effect++) {
          const rotation = await begin(tags);
          await rotation.asSuperuser("IDENTIFIED BY 'kept by hand'");
          await rotation.asSuperuser(`IDENTIFIED BY '${FIRST}' RETAIN CURRENT PASSWORD`);
          await rotation.step('createSecret');
          effects.arm({ effect, when: 'after' });
          await rotation.step('setSecret').catch(() => {});
          isReached = effects.killed;
          effects.arm();
          for (const step of ['setSecret', 'testSecret', 'finishSecret'] as const) await rotation.step(step);
          await works(rotation, 'AWSCURRENT', ...(tags === OVERLAP ? ['AWSPREVIOUS'] : []));
          expect(await rotation.accepts('kept by hand'), effects.names.join()).toBe(false);
        }
      }
    });

    it('that lacks the privilege is rotated plainly, which is said once, with the statement that grants it', async () => {
      const rotation = await begin();
      await rotation.revoke();
      await rotation.rotate();
      await works(rotation, 'AWSCURRENT');
      expect(await rotation.accepts(FIRST)).toBe(false);
      const said = await saidAtFinish();
      expect(said).toContain('GRANT APPLICATION_PASSWORD_ADMIN');
      expect(said).toContain('DISCARD OLD PASSWORD');
    });

    async function saidAtFinish(): Promise<string> {
      expect(warnings()).toHaveLength(1);
      return String(warnings()[0]?.['message']);
    }
  },
  { only: ['mysql'] },
);
