import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type MysqlServer, startMysql } from '../../../local/databases/mysql-server.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { newMysqlPair, OWN } from '../../support/mysql-pair.ts';
import { type Protocol, startProtocol } from '../../support/protocol.ts';
import { describeWithMysql } from '../../support/with-mysql.ts';

const THEIRS = 'Of-somebody-else-1';

const output = outputOfEachTest();

describeWithMysql('somebody who may write the secret', (kind) => {
  const isMariadb = kind !== 'mysql';
  let server: MysqlServer;
  let protocol: Protocol;
  beforeAll(async () => {
    [server, protocol] = await Promise.all([startMysql(kind), startProtocol()]);
    for (const statement of ['CREATE DATABASE IF NOT EXISTS vault', 'CREATE TABLE IF NOT EXISTS vault.item (id int)'])
      await server.query(statement);
  });
  afterAll(() => Promise.all([server.stop(), protocol.close()]));
  afterEach(() => vi.unstubAllEnvs());

  const pairOf = (statements: readonly string[], options?: Parameters<typeof newMysqlPair>[3]) =>
    newMysqlPair(server, protocol, statements, options);

  /** The account that the secret's password opens, without rights. */
  const FIRST = `CREATE USER FIRST@'%' IDENTIFIED BY '${OWN}'`;
  const CLONE = `CREATE USER CLONE@'%' IDENTIFIED BY '${OWN}'`;
  const THEIR_CLONE = `CREATE USER CLONE@'%' IDENTIFIED BY '${THEIRS}'`;
  const GRANT_FIRST = "GRANT SELECT ON vault.* TO FIRST@'%'";
  const GRANT_CLONE = "GRANT SELECT ON vault.* TO CLONE@'%'";

  describe('an account for another host', () => {
    it.each([
      ['with another password', `CREATE USER FIRST@'10.%' IDENTIFIED BY '${THEIRS}'`],
      ['with the same password, and locked', `CREATE USER FIRST@'10.%' IDENTIFIED BY '${OWN}' ACCOUNT LOCK`],
    ])('%s keeps its password, and what it may is given to nobody', async (_, victim) => {
      const pair = await pairOf([FIRST, victim, "GRANT SELECT ON vault.* TO FIRST@'10.%'"]);
      const before = await pair.accounts("AND Host = '10.%'");
      await pair.finish();
      await pair.rotate();
      await pair.rotate();
      expect(await pair.accounts("AND Host = '10.%'")).toEqual(before);
      expect(await pair.logsIn('AWSCURRENT')).toBe(true);
      expect(await pair.logsIn('AWSPREVIOUS')).toBe(true);
    });

    it('with the same password takes part', async () => {
      const pair = await pairOf([FIRST, `CREATE USER FIRST@'10.%' IDENTIFIED BY '${OWN}'`, GRANT_FIRST]);
      await pair.finish();
      await pair.rotate();
      expect(Object.keys(await pair.accounts())).toHaveLength(4);
      const stored = Object.values(await pair.accounts("AND Host = '10.%'"));
      expect(JSON.stringify(stored)).not.toContain('ACCOUNT LOCK');
    });
  });

  describe("somebody else's clone of the name is refused, and nothing is changed,", () => {
    it.each<[string, ...string[]]>([
      ['with rights of its own', "GRANT INSERT ON vault.* TO CLONE@'%'"],
      ['without any'],
      ['with the same rights', GRANT_FIRST, GRANT_CLONE],
    ])('%s', async (_, ...grants) => {
      const pair = await pairOf([FIRST, THEIR_CLONE, ...grants]);
      const { error, before, after } = await pair.refusal();
      expect(error).toMatchObject({ name: 'AlternateRefused', message: expect.stringContaining(pair.arn) });
      expect(after).toEqual(before);
      expect(await pair.opens('CLONE', THEIRS)).toBe(true);
    });

    it.each<[string, ...string[]]>([
      ['locked, with rights', `${THEIR_CLONE} ACCOUNT LOCK`, "GRANT INSERT ON vault.* TO CLONE@'%'"],
      ['locked, with the same rights', `${THEIR_CLONE} ACCOUNT LOCK`, GRANT_FIRST, GRANT_CLONE],
    ])('%s', async (_, ...statements) => {
      const pair = await pairOf([FIRST, ...statements]);
      const { error, before, after } = await pair.refusal();
      expect(error).toMatchObject({ name: 'AlternateRefused', message: expect.stringContaining('is locked') });
      expect(after).toEqual(before);
    });

    // A role of MariaDB is no account: there the name of the clone is free.
    it.skipIf(isMariadb)('if it is a role that others have', async () => {
      const statements = [
        FIRST,
        GRANT_FIRST,
        'CREATE ROLE CLONE',
        "CREATE USER OTHER@'%' IDENTIFIED BY 'Of-another-1'",
      ];
      const pair = await pairOf([...statements, "GRANT CLONE TO OTHER@'%'"]);
      const { error, before, after } = await pair.refusal();
      expect(error).toMatchObject({ name: 'AlternateRefused', message: expect.stringContaining('is a role') });
      expect(after).toEqual(before);
    });

    it.skipIf(isMariadb).each([
      ['an account that is granted as a role', `CREATE USER CLONE@'%' IDENTIFIED BY '${OWN}'`],
      ['a role that nobody has', 'CREATE ROLE CLONE'],
    ])('if it is %s', async (what, statement) => {
      const granted = what.startsWith('an account') ? ["GRANT CLONE@'%' TO OTHER@'%'"] : [];
      const x = "CREATE USER OTHER@'%' IDENTIFIED BY 'Of-another-1'";
      const pair = await pairOf([FIRST, GRANT_FIRST, statement, x, ...granted]);
      const { error, before, after } = await pair.refusal();
      expect(error).toMatchObject({ name: 'AlternateRefused', message: expect.stringContaining('is a role') });
      expect(after).toEqual(before);
    });
  });

  describe('the owner of an account that happens to end in _clone does not become the one without the ending,', () => {
    const victim = `CREATE USER FIRST@'%' IDENTIFIED BY '${THEIRS}'`;
    it.each<[string, ...string[]]>([
      ['having no rights', GRANT_FIRST],
      ['having the same rights', GRANT_FIRST, GRANT_CLONE],
      ['neither having any'],
    ])('%s', async (_, ...grants) => {
      const pair = await pairOf([victim, CLONE, ...grants], { current: 'clone' });
      const { error, before, after } = await pair.refusal();
      expect(error.name).toBe('AlternateRefused');
      expect(after).toEqual(before);
      expect(await pair.opens('FIRST', THEIRS)).toBe(true);
    });

    it.skipIf(isMariadb)('although it writes the mark of the secret on itself, which MySQL lets it', async () => {
      const pair = await pairOf([victim, CLONE, GRANT_FIRST], { current: 'clone' });
      const mark = { 'secret-rotation': { secret: createHash('sha256').update(pair.arn).digest('hex').slice(0, 32) } };
      const own = { username: pair.clone, password: OWN };
      await server.query(
        `ALTER USER ${pair.clone}@'%' IDENTIFIED BY '${OWN}' ATTRIBUTE '${JSON.stringify(mark)}'`,
        own,
      );
      const { error, before, after } = await pair.refusal();
      expect(JSON.stringify(before)).toContain(mark['secret-rotation'].secret);
      expect(error.name).toBe('AlternateRefused');
      expect(after).toEqual(before);
    });

    it('nor the locked one', async () => {
      const pair = await pairOf([`CREATE USER FIRST@'%' IDENTIFIED BY '${OWN}' ACCOUNT LOCK`, CLONE], {
        current: 'clone',
      });
      const { error, before, after } = await pair.refusal();
      expect(error).toMatchObject({ name: 'AlternateRefused', message: expect.stringContaining('is locked') });
      expect(after).toEqual(before);
    });
  });

  it('an anonymous account proves no name', async () => {
    const pair = await pairOf([
      `CREATE USER ''@'%' IDENTIFIED BY '${OWN}'`,
      `CREATE USER FIRST@'10.%' IDENTIFIED BY '${THEIRS}'`,
      "GRANT SELECT ON vault.* TO FIRST@'10.%'",
    ]);
    const { error, before, after } = await pair.refusal();
    expect(error).toMatchObject({ name: 'AlternateRefused', message: expect.stringContaining('as the account @%') });
    expect(after).toEqual(before);
  });

  describe('a clone that is there already is taken', () => {
    it.each<[string, string, ...string[]]>([
      ['if AWSPREVIOUS logs in as it', THEIR_CLONE, "GRANT INSERT ON vault.* TO CLONE@'%'"],
      ['if it holds nothing and cannot log in', `CREATE USER CLONE@'%' IDENTIFIED BY 'Of-nobody-1' ACCOUNT LOCK`],
    ])('%s', async (_, ...statements) => {
      const pair = await pairOf([FIRST, GRANT_FIRST, ...statements], { previous: THEIRS });
      await pair.finish();
      expect(pair.loginIn('AWSCURRENT').username).toBe(pair.clone);
      await server.query('SELECT id FROM vault.item', pair.loginIn('AWSCURRENT'));
      await pair.rotate();
      await pair.rotate();
      expect([await pair.logsIn('AWSCURRENT'), await pair.logsIn('AWSPREVIOUS')]).toEqual([true, true]);
    });

    it('and so is the first user as which AWSPREVIOUS logs in', async () => {
      const first = `CREATE USER FIRST@'%' IDENTIFIED BY '${THEIRS}'`;
      const pair = await pairOf([first, GRANT_FIRST, CLONE], { current: 'clone', previous: THEIRS });
      await pair.finish();
      expect(pair.loginIn('AWSCURRENT').username).toBe(pair.first);
      expect(await pair.logsIn('AWSCURRENT')).toBe(true);
    });

    it('if the deployer names the secret, who is told of it once', async () => {
      const pair = await pairOf([FIRST, GRANT_FIRST, THEIR_CLONE]);
      expect((await pair.refusal()).error.message).toContain('ADOPT_ALTERNATE_USERS');
      vi.stubEnv('ADOPT_ALTERNATE_USERS', `arn:another, ${pair.arn}`);
      await pair.finish();
      vi.unstubAllEnvs();
      expect(output.logs().filter(({ level }) => level === 'WARN')).toEqual([
        expect.objectContaining({ message: expect.stringMatching(`${pair.clone}.*ADOPT_ALTERNATE_USERS`) }),
      ]);
      await pair.rotate();
      await pair.rotate();
      expect(await pair.logsIn('AWSCURRENT')).toBe(true);
    });
  });

  it.runIf(kind === 'mysql')(
    'a lost password is recovered of the accounts alone that the secret had before',
    async () => {
      const victim = `CREATE USER FIRST@'10.%' IDENTIFIED BY '${THEIRS}'`;
      const pair = await pairOf([FIRST, GRANT_FIRST, victim, "GRANT INSERT ON vault.* TO FIRST@'10.%'"]);
      await pair.finish();
      await pair.rotate();
      await pair.run("ALTER USER FIRST@'%' IDENTIFIED BY 'Lost-1'");
      const before = await pair.accounts("AND Host = '10.%'");
      vi.stubEnv('RECOVER_THROUGH_SUPERUSER', pair.arn);
      await pair.rotate();
      expect(await pair.accounts("AND Host = '10.%'")).toEqual(before);
      expect(await pair.logsIn('AWSCURRENT')).toBe(true);
    },
  );

  it.each(['first', 'clone'] as const)('a candidate of the %s user that was forgotten stops nothing', async (letIn) => {
    const pair = await pairOf([FIRST, GRANT_FIRST]);
    await pair.finish();
    if (letIn === 'clone') await pair.rotate();
    for (const _ of ['forgotten', 'forgotten too']) {
      pair.restart();
      await pair.step('createSecret');
      await pair.step('setSecret');
    }
    await pair.rotate();
    expect(pair.loginIn('AWSCURRENT').username).toBe(pair[letIn]);
    expect([await pair.logsIn('AWSCURRENT'), await pair.logsIn('AWSPREVIOUS')]).toEqual([true, true]);
  });

  it('a first user that has got and lost rights between two rotations is followed', async () => {
    const pair = await pairOf([FIRST, GRANT_FIRST]);
    await pair.finish();
    await pair.run("GRANT INSERT ON vault.* TO FIRST@'%'", "REVOKE SELECT ON vault.* FROM FIRST@'%'");
    await pair.rotate();
    await pair.run("GRANT DELETE ON vault.* TO FIRST@'%'");
    await pair.rotate();
    const [first, clone] = await Promise.all(
      [pair.first, pair.clone].map((user) => server.query(`SHOW GRANTS FOR ${user}@'%'`)),
    );
    const rights = (rows: unknown, user: string | undefined) =>
      JSON.stringify(rows)
        .replaceAll(user ?? '', 'x')
        .replaceAll(/ IDENTIFIED BY PASSWORD '[^']*'/g, '');
    expect(rights(clone, pair.clone)).toBe(rights(first, pair.first));
  });
});
