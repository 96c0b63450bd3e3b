import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { logsIn } from '../../../local/databases/database-server.ts';
import { type MysqlServer, startMysql } from '../../../local/databases/mysql-server.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { failureOf } from '../../support/failure.ts';
import { newOverlappingRotation, type OverlapOptions } from '../../support/overlapping-rotation.ts';
import { type Protocol, startProtocol } from '../../support/protocol.ts';
import { describeWithMysql, MARIADB } from '../../support/with-mysql.ts';

let server: MysqlServer;
let protocol: Protocol;
const output = outputOfEachTest();

const begin = (options?: OverlapOptions) => newOverlappingRotation(server, protocol, options);
const warnings = () => output.logs().filter(({ level }) => level === 'WARN');
/** Requests that the secrets manager got while something was done. */
async function callsDuring(work: () => Promise<void>): Promise<number> {
  const calls = vi.spyOn(protocol.client, 'send');
  onTestFinished(() => calls.mockRestore());
  await work();
  return calls.mock.calls.length;
}

describeWithMysql(
  'with a superuser, the tag rotation:overlap=true',
  (kind) => {
    beforeAll(async () => {
      [server, protocol] = await Promise.all([startMysql(kind), startProtocol()]);
    });
    afterAll(() => Promise.all([server.stop(), protocol.close()]));

    it('lets AWSCURRENT and AWSPREVIOUS log in after each rotation, and not the one before', async () => {
      const rotation = await begin();
      await rotation.finish();
      for (let time = 0; time < 3; time++) {
        const oldest = rotation.passwordIn('AWSPREVIOUS');
        await rotation.rotate();
        expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
        expect(await rotation.logsIn(rotation.passwordIn('AWSPREVIOUS'))).toBe(true);
        expect(await rotation.logsIn(oldest)).toBe(false);
      }
      expect(warnings()).toEqual([]);
    });

    it('costs two logins of the user and one of the superuser, none refused, and 10 calls', async () => {
      const rotation = await begin();
      expect(await callsDuring(rotation.finish)).toBe(10);
      expect(rotation.logins).toEqual([
        `${rotation.username} accepted`,
        `${server.superuser.username} accepted`,
        `${rotation.username} accepted`,
      ]);
    });

    it('lets the current password log in at every step, however often setSecret is repeated', async () => {
      const rotation = await begin();
      await rotation.step('createSecret');
      for (let time = 0; time < 3; time++) {
        await rotation.step('setSecret');
        expect(await rotation.logsIn('first-password')).toBe(true);
        expect(await rotation.logsIn(rotation.passwordIn('AWSPENDING'))).toBe(true);
      }
    });

    it('ends the candidate of a rotation that was given up, and keeps the current password', async () => {
      const rotation = await begin();
      await rotation.step('createSecret');
      await rotation.step('setSecret');
      const givenUp = rotation.passwordIn('AWSPENDING');
      await rotation.rotate();
      expect(await rotation.logsIn(givenUp)).toBe(false);
      expect(await rotation.logsIn('first-password')).toBe(true);
      expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
    });

    it('takes the accounts for other hosts along that have the current password', async () => {
      const rotation = await begin({ hosts: ['%', '10.%', '192.168.%'] });
      await server.query(`SET PASSWORD FOR ${rotation.username}@'192.168.%' = PASSWORD('somebody-elses')`);
      const [before, others] = [await rotation.account(), await rotation.account('192.168.%')];
      await rotation.finish();
      const methods = async (host: string) => (await rotation.account(host)).split(' IDENTIFIED ')[1];
      expect(await methods('%')).toMatch(
        /^VIA mysql_native_password USING '\*\w+' OR mysql_native_password USING '\*\w+'$/,
      );
      expect(await methods('%')).toBe(await methods('10.%'));
      expect(await rotation.account()).not.toBe(before);
      expect(await rotation.account('192.168.%')).toBe(others);
    });

    it('leaves what is no password, and what else the account is, as it was', async () => {
      const rotation = await begin({
        identified:
          "IDENTIFIED VIA unix_socket OR mysql_native_password USING PASSWORD('first-password') WITH MAX_USER_CONNECTIONS 9",
      });
      await rotation.finish();
      expect(await rotation.account()).toMatch(
        / IDENTIFIED VIA unix_socket OR mysql_native_password USING '\*\w+' OR mysql_native_password USING '\*\w+' WITH MAX_USER_CONNECTIONS 9\.?0*$/,
      );
    });

    it('works for a user that may have one connection only', async () => {
      const rotation = await begin({ identified: "IDENTIFIED BY 'first-password' WITH MAX_USER_CONNECTIONS 1" });
      // The server may count a connection for a moment after it was closed; the service repeats the whole process then.
      await vi.waitFor(() => rotation.finish(), { timeout: 10_000 });
      expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
      expect(await rotation.logsIn('first-password')).toBe(true);
    });

    it('needs no more of the superuser than CREATE USER and SELECT on the system tables', async () => {
      const superuser = { username: 'password_giver', password: 'gives-passwords' };
      await server.query(`CREATE USER ${superuser.username}@'%' IDENTIFIED BY '${superuser.password}'`);
      onTestFinished(async () => void (await server.query(`DROP USER ${superuser.username}@'%'`)));
      const rotation = await begin({ superuserFields: superuser });
      const before = await rotation.account();
      await rotation.step('createSecret');
      const refused = await failureOf(rotation.step('setSecret'));
      expect(refused.name).toBe('SuperuserRefused');
      expect(refused.message).toContain('CREATE USER ON *.*');
      expect(refused.message).toContain('SELECT ON mysql.*');
      expect(await rotation.account()).toBe(before);
      await server.query(`GRANT CREATE USER ON *.* TO ${superuser.username}@'%'`);
      await server.query(`GRANT SELECT ON mysql.* TO ${superuser.username}@'%'`);
      await rotation.step('setSecret');
      expect(await rotation.logsIn('first-password')).toBe(true);
      expect(await rotation.logsIn(rotation.passwordIn('AWSPENDING'))).toBe(true);
    });

    describe('changes nothing', () => {
      it('where the password of AWSCURRENT is wrong, which is CurrentLoginRefused', async () => {
        const rotation = await begin({ fields: { password: 'not-the-password' } });
        const before = await rotation.account();
        await rotation.step('createSecret');
        expect(await failureOf(rotation.step('setSecret'))).toMatchObject({ name: 'CurrentLoginRefused' });
        expect(await rotation.account()).toBe(before);
        expect(rotation.logins).not.toContain(`${server.superuser.username} accepted`);
      });

      it('of two passwords where AWSCURRENT is wrong and AWSPREVIOUS is right', async () => {
        const rotation = await begin();
        await rotation.finish();
        await rotation.putCurrent(rotation.value({ password: 'not-the-password' }));
        const before = await rotation.account();
        rotation.restart();
        await rotation.step('createSecret');
        expect(await failureOf(rotation.step('setSecret'))).toMatchObject({ name: 'CurrentLoginRefused' });
        expect(await rotation.account()).toBe(before);
      });

      it.each([
        ['for another server', { port: 1 }],
        ['with a wrong password', { password: 'wrong' }],
      ])('where the superuser is %s, which is SuperuserRefused', async (_, superuserFields) => {
        const rotation = await begin({ superuserFields });
        const before = await rotation.account();
        await rotation.step('createSecret');
        expect(await failureOf(rotation.step('setSecret'))).toMatchObject({ name: 'SuperuserRefused' });
        expect(await rotation.account()).toBe(before);
      });
    });

    it('does not let a user be its own superuser', async () => {
      const rotation = await begin();
      await rotation.putCurrent(rotation.value({ masterarn: rotation.arn }));
      const before = await rotation.account();
      rotation.restart();
      await rotation.step('createSecret');
      expect(await failureOf(rotation.step('setSecret'))).toMatchObject({ name: 'SuperuserRefused' });
      expect(await rotation.account()).toBe(before);
    });

    it('sets the new password alone where the deployer lets the superuser go on without the current one', async () => {
      const rotation = await begin({ fields: { password: 'not-the-password' } });
      vi.stubEnv('RECOVER_THROUGH_SUPERUSER', rotation.arn);
      onTestFinished(() => void vi.unstubAllEnvs());
      await rotation.finish();
      expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
      expect(await rotation.logsIn('first-password')).toBe(false);
      expect(await rotation.logsIn('not-the-password')).toBe(false);
    });

    it.each<[string, OverlapOptions]>([
      ['absent', { tags: {} }],
      ['false', { tags: { 'rotation:overlap': 'false' } }],
    ])('being %s, the old password ends at once, and the superuser is not asked', async (_, options) => {
      const rotation = await begin(options);
      await rotation.finish();
      expect(await rotation.logsIn('first-password')).toBe(false);
      expect(rotation.logins).toEqual([`${rotation.username} accepted`, `${rotation.username} accepted`]);
      expect(warnings()).toEqual([]);
    });

    it('being absent, a secret without a superuser costs 8 calls and 2 logins', async () => {
      const rotation = await begin({ tags: {}, fields: { masterarn: undefined } });
      expect(await callsDuring(rotation.finish)).toBe(8);
      expect(rotation.logins).toHaveLength(2);
      expect(warnings()).toEqual([]);
    });

    it('without a superuser is said to be in vain, once, and the rotation is a plain one', async () => {
      const rotation = await begin({ fields: { masterarn: undefined } });
      await rotation.finish();
      expect(await rotation.logsIn('first-password')).toBe(false);
      expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
      expect(warnings()).toHaveLength(1);
      expect(String(warnings()[0]?.['message'])).toContain('"masterarn"');
    });

    it.each(['ture', '', 'both'])('being "%s" is InvalidSetting before anything is stored', async (text) => {
      const rotation = await begin({ tags: { 'rotation:overlap': text } });
      const error = await failureOf(rotation.step('createSecret'));
      expect(error).toMatchObject({ name: 'InvalidSetting' });
      expect(error.message).toContain('rotation:overlap');
      expect(protocol.valueOf(rotation.arn, 'AWSPENDING')).toBeUndefined();
    });

    describe('taken away, after a rotation that kept two passwords', () => {
      const twoPasswords = async (fields = {}) => {
        const first = await begin();
        await first.finish();
        const second = await begin({ tags: {}, fields: { username: first.username, ...fields } });
        await second.putCurrent(second.value({ password: first.passwordIn('AWSCURRENT') }));
        second.restart();
        return { first, second, names: first.username };
      };

      it('lets the superuser end both and set the new one alone', async () => {
        const { first, second, names } = await twoPasswords();
        await second.finish();
        expect(await logsIn(server, { username: names, password: second.passwordIn('AWSCURRENT') })).toBe(true);
        expect(await logsIn(server, { username: names, password: first.passwordIn('AWSCURRENT') })).toBe(false);
        expect(await logsIn(server, { username: names, password: 'first-password' })).toBe(false);
      });

      it('and without a superuser in the secret, the error names the way out', async () => {
        const { first, second } = await twoPasswords({ masterarn: undefined });
        const before = await first.account();
        await second.step('createSecret');
        const error = await failureOf(second.step('setSecret'));
        expect(error.name).toBe('PasswordChangeForbidden');
        expect(error.message).toContain('masterarn');
        expect(await first.account()).toBe(before);
      });
    });
  },
  { only: MARIADB },
);

describeWithMysql(
  'for accounts with ed25519',
  (kind) => {
    beforeAll(async () => {
      [server, protocol] = await Promise.all([startMysql(kind, { plugins: ['auth_ed25519'] }), startProtocol()]);
    });
    afterAll(() => Promise.all([server.stop(), protocol.close()]));

    it('two passwords log in as well, and the third ends', async () => {
      const rotation = await begin({ identified: "IDENTIFIED VIA ed25519 USING PASSWORD('first-password')" });
      await rotation.finish();
      expect(await rotation.logsIn('first-password')).toBe(true);
      await rotation.rotate();
      expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
      expect(await rotation.logsIn(rotation.passwordIn('AWSPREVIOUS'))).toBe(true);
      expect(await rotation.logsIn('first-password')).toBe(false);
      expect(await rotation.account()).toMatch(/VIA ed25519 USING '[^']+' OR ed25519 USING '[^']+'$/);
    });
  },
  { only: MARIADB, plugins: ['auth_ed25519'] },
);

describeWithMysql(
  'where passwords are checked',
  (kind) => {
    beforeAll(async () => {
      [server, protocol] = await Promise.all([
        startMysql(kind, { plugins: ['simple_password_check'] }),
        startProtocol(),
      ]);
    });
    afterAll(() => Promise.all([server.stop(), protocol.close()]));

    it('both are shown to the check, and both log in', async () => {
      const rotation = await begin({
        identified: "IDENTIFIED BY 'Fir5t/password'",
        fields: { password: 'Fir5t/password' },
      });
      await rotation.finish();
      expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
      expect(await rotation.logsIn('Fir5t/password')).toBe(true);
      expect(warnings()).toEqual([]);
    });

    it('an old one that the rules no longer allow is not kept, which is said', async () => {
      await server.query('SET GLOBAL simple_password_check_digits = 0');
      const rotation = await begin({
        identified: "IDENTIFIED BY 'First/password'",
        fields: { password: 'First/password' },
      });
      await server.query('SET GLOBAL simple_password_check_digits = 1');
      await rotation.finish();
      expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
      expect(await rotation.logsIn('First/password')).toBe(false);
      expect(warnings()).toHaveLength(1);
    });

    it('a new one that they refuse is CandidateRefused, and nothing is changed', async () => {
      const rotation = await begin({
        identified: "IDENTIFIED BY 'Fir5t/password'",
        fields: { password: 'Fir5t/password' },
      });
      const before = await rotation.account();
      protocol.stage(rotation.arn, rotation.token, rotation.value({ password: 'too simple' }));
      expect(await failureOf(rotation.step('setSecret'))).toMatchObject({ name: 'CandidateRefused' });
      expect(await rotation.account()).toBe(before);
    });
  },
  { only: MARIADB, plugins: ['simple_password_check'] },
);
