import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { SUPERUSER } from '../../support/alternating-roles.ts';
import { dropRoles, newName } from '../../support/pair-rotation.ts';
import { type PairRotation, pairSetting } from '../../support/pair-setting.ts';
import { startPostgresProxy } from '../../support/postgres-proxy.ts';

const { server, output, begin, refusal } = await pairSetting();

/** Somebody else's account, which no secret of the attacker's may open. */
async function newAccount(name: string, password = 'of somebody else'): Promise<string> {
  await server.query(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`, SUPERUSER);
  onTestFinished(() => dropRoles(server, name));
  return name;
}

describe('somebody who may write the secret cannot have the password reset', () => {
  it.each(['', '_clone'])('of an account "victim%s" by its name and a guessed password', async (ending) => {
    const victim = newName();
    await newAccount(victim);
    await newAccount(`${victim}_clone`);
    await server.query(`GRANT ${victim} TO ${victim}_clone`, SUPERUSER);
    const rotation = await begin({ fields: { username: `${victim}${ending}`, password: 'guessed' } });
    const error = await refusal(rotation);
    expect(error).toMatchObject({ name: 'CurrentLoginRefused', message: expect.stringContaining(rotation.arn) });
    expect(rotation.sawLoginOf(SUPERUSER.username)).toBe(false);
    expect(rotation.proxy.logins()).toEqual({ accepted: 0, refused: 1 });
  });

  it.each([
    ['has nothing to do with', () => ''],
    [
      'was made a member in name only of',
      (own: string, victim: string) => `GRANT ${victim} TO ${own} WITH INHERIT FALSE, SET FALSE`,
    ],
    [
      'has the rights of, but may not act as,',
      (own: string, victim: string) => `GRANT ${victim} TO ${own} WITH SET FALSE`,
    ],
    ['has as its member', (own: string, victim: string) => `GRANT ${own} TO ${victim}`],
  ])('of "victim", by an own account "victim_clone" that %s it', async (_, grant) => {
    const victim = await newAccount(newName());
    const own = await newAccount(`${victim}_clone`, 'own');
    await server.query(grant(own, victim) || 'SELECT 1', SUPERUSER);
    const rotation = await begin({ fields: { username: own, password: 'own' } });
    const error = await refusal(rotation);
    expect(error.name).toBe('AlternateRefused');
    expect(rotation.sawLoginOf(victim)).toBe(false);
  });

  it('of a group that "group_clone" is a member of: it does not begin to log in', async () => {
    const group = newName();
    await server.query(`CREATE ROLE ${group}`, SUPERUSER);
    onTestFinished(() => dropRoles(server, group));
    const own = await newAccount(`${group}_clone`, 'own');
    await server.query(`GRANT ${group} TO ${own}`, SUPERUSER);
    const rotation = await begin({ fields: { username: own, password: 'own' } });
    expect((await refusal(rotation)).name).toBe('AlternateRefused');
  });

  it.each([
    ['that has nothing to do with it', () => ''],
    ['that has it as its member', (own: string, theirs: string) => `GRANT ${theirs} TO ${own}`],
    ['that became its member, and is more', (own: string, theirs: string) => `GRANT ${own}, pg_monitor TO ${theirs}`],
    [
      'that became its member, and may create roles',
      (own: string, theirs: string) => `GRANT ${own} TO ${theirs}; ALTER ROLE ${theirs} CREATEROLE`,
    ],
    [
      'that became its member, and may read more',
      (own: string, theirs: string) => `GRANT ${own} TO ${theirs}; GRANT CREATE ON DATABASE postgres TO ${theirs}`,
    ],
  ])('of "mine_clone", by an own account "mine", %s', async (_, grant) => {
    const rotation = await begin();
    await newAccount(rotation.clone);
    await server.query(grant(rotation.first, rotation.clone) || 'SELECT 1');
    expect((await refusal(rotation)).name).toBe('AlternateRefused');
    expect(rotation.sawLoginOf(rotation.clone)).toBe(false);
  });

  it.each([
    ['that is a member of it alone', (own: string, theirs: string) => `GRANT ${own} TO ${theirs}`],
    [
      'that is a member of it alone, and was locked',
      (own: string, theirs: string) => `GRANT ${own} TO ${theirs}; ALTER ROLE ${theirs} NOLOGIN`,
    ],
    [
      'that is a member of it alone, a group of others, and cannot log in',
      (own: string, theirs: string) =>
        `GRANT ${own} TO ${theirs}; ALTER ROLE ${theirs} NOLOGIN; CREATE ROLE ${theirs}_x IN ROLE ${theirs}`,
    ],
  ])('of "mine_clone", by an own account "mine", %s; it is told who may say otherwise', async (_, grant) => {
    const rotation = await begin();
    await newAccount(rotation.clone);
    onTestFinished(() => dropRoles(server, `${rotation.clone}_x`));
    await server.query(grant(rotation.first, rotation.clone), SUPERUSER);
    const error = await refusal(rotation);
    expect(error.name).toBe('AlternateRefused');
    expect(error.message).toContain(`${rotation.arn} into its environment variable ADOPT_ALTERNATE_USERS`);
    vi.stubEnv('ADOPT_ALTERNATE_USERS', rotation.arn);
    await rotation.finish();
    vi.unstubAllEnvs();
    for (const _ of ['back', 'and forth']) {
      rotation.restart();
      await rotation.finish();
    }
    expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
  });

  it('of any account, by a candidate that was written by hand', async () => {
    const victim = await newAccount(newName());
    const rotation = await begin();
    rotation.stage({ username: victim, password: 'chosen' });
    expect((await rotation.failure('setSecret')).name).toBe('CandidateGivenUp');
    expect(rotation.sawLoginOf(victim)).toBe(false);
    expect(rotation.sawLoginOf(SUPERUSER.username)).toBe(false);
  });

  it('of any account, by a tag that names it', async () => {
    const victim = await newAccount(newName());
    const rotation = await begin({ tags: { 'rotation:first-user': victim } });
    expect((await rotation.failure('createSecret')).name).toBe('InvalidSetting');
  });
});

describe('somebody who may write the secret cannot have a password sent to a server of their own:', () => {
  it('neither server hears anything', async () => {
    const theirs = await startPostgresProxy(server);
    onTestFinished(() => theirs.close());
    const rotation = await begin({ fields: { port: theirs.port } });
    const error = await refusal(rotation);
    expect(error.name).toBe('SuperuserRefused');
    expect(error.message).toContain(`${theirs.host}:${theirs.port}`);
    expect(error.message).toContain(`${rotation.proxy.host}:${rotation.proxy.port}`);
    expect([theirs.connections(), theirs.sent().length]).toEqual([0, 0]);
    expect([rotation.proxy.connections(), rotation.proxy.sent().length]).toEqual([0, 0]);
  });

  it('nor have TLS switched off, for that is what the superuser says', async () => {
    const rotation = await begin({ superuserFields: { ssl: true }, fields: { ssl: false } });
    expect((await refusal(rotation)).name).toBe('TlsRefused');
    expect(rotation.proxy.logins()).toEqual({ accepted: 0, refused: 0 });
  });

  it('the superuser logs in to its own database, not to that of the secret', async () => {
    const trap = newName();
    await server.query(`CREATE DATABASE ${trap}`);
    onTestFinished(async () => void (await server.query(`DROP DATABASE ${trap} WITH (FORCE)`)));
    const rotation = await begin({ fields: { dbname: trap } });
    await rotation.step('createSecret');
    await rotation.step('setSecret');
    const said = rotation.proxy.sent().toString('latin1');
    expect(said).toContain(`user\\0${rotation.first}\\0database\\0${trap}\\0`.replaceAll('\\0', '\0'));
    expect(said).toContain(`user\0${SUPERUSER.username}\0database\0postgres\0`);
  });
});

describe('a role of the name of the clone that cannot log in and holds nothing', () => {
  async function unused(): Promise<PairRotation> {
    const rotation = await begin();
    await newAccount(rotation.clone);
    await server.query(`ALTER ROLE ${rotation.clone} NOLOGIN`);
    return rotation;
  }

  it.each(['first', 'clone'] as const)('is taken when the %s is let in', async (letIn) => {
    const rotation = await unused();
    if (letIn === 'first') await rotation.finish();
    rotation.restart();
    await rotation.finish();
    expect(rotation.loginIn('AWSCURRENT').username).toBe(rotation[letIn]);
    expect([await rotation.logsIn('AWSCURRENT'), await rotation.logsIn('AWSPREVIOUS')]).toEqual([true, true]);
  });

  it.each([
    ['is a group of others', (role: string) => `CREATE ROLE ${role}_x IN ROLE ${role}`],
    ['may read something', (role: string) => `GRANT CREATE ON DATABASE postgres TO ${role}`],
    ['may do more', (role: string) => `ALTER ROLE ${role} CREATEDB`],
  ])('is refused if it %s', async (_, statement) => {
    const rotation = await unused();
    onTestFinished(() => dropRoles(server, `${rotation.clone}_x`));
    await server.query(statement(rotation.clone));
    expect((await refusal(rotation)).name).toBe('AlternateRefused');
  });
});

describe('a clone that an AWS template has made', () => {
  it('is taken if AWSPREVIOUS logs in as it, keeps the comment that people wrote, and is known again', async () => {
    const rotation = await begin();
    await newAccount(rotation.clone, 'of the template');
    await server.query(`GRANT ${rotation.first} TO ${rotation.clone}`, SUPERUSER);
    await server.query(`COMMENT ON ROLE ${rotation.clone} IS 'ask the shop team'`);
    await rotation.put(rotation.arn, rotation.value({ username: rotation.clone, password: 'of the template' }));
    await rotation.put(rotation.arn, rotation.value());
    rotation.restart();
    await rotation.finish();
    expect(rotation.loginIn('AWSCURRENT').username).toBe(rotation.clone);
    const told = async () =>
      (await server.query(`SELECT shobj_description('${rotation.clone}'::regrole, 'pg_authid') AS comment`))[0];
    const comment = await told();
    expect(comment?.['comment']).toMatch(/^ask the shop team \[secret-rotation [0-9a-f]{32}\]$/);
    rotation.restart();
    await rotation.finish();
    const { accepted } = rotation.proxy.logins();
    rotation.restart();
    await rotation.finish();
    expect(rotation.proxy.logins()).toEqual({ accepted: accepted + 3, refused: 0 });
    expect(await told()).toEqual(comment);
  });
});

describe('a current password that somebody changed by hand', () => {
  async function changedByHand(): Promise<PairRotation> {
    const rotation = await begin();
    await server.query(`ALTER ROLE ${rotation.first} PASSWORD 'by hand'`);
    return rotation;
  }

  function recoverThroughSuperuser(list: string | undefined): void {
    if (list === undefined) delete process.env['RECOVER_THROUGH_SUPERUSER'];
    else process.env['RECOVER_THROUGH_SUPERUSER'] = list;
  }
  afterEach(() => recoverThroughSuperuser(undefined));

  it('is CurrentLoginRefused, and putting it into the secret mends it', async () => {
    const rotation = await changedByHand();
    const error = await refusal(rotation);
    expect(error.name).toBe('CurrentLoginRefused');
    expect(error.message).toContain(`put-secret-value --secret-id ${rotation.arn}`);
    await rotation.put(rotation.arn, rotation.value({ password: 'by hand' }));
    expect(await rotation.failure('setSecret')).toMatchObject({ name: 'CandidateGivenUp' });
    rotation.restart();
    await rotation.finish();
    expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
  });

  it.each([
    ['is the only one', (arn: string) => arn],
    ['is one of several', (arn: string) => `arn:aws:secretsmanager:us-east-1:123456789012:secret:x-AbCdEf, ${arn}`],
  ])('is passed over, with a warning, where the ARN %s in RECOVER_THROUGH_SUPERUSER', async (_, list) => {
    const rotation = await changedByHand();
    recoverThroughSuperuser(list(rotation.arn));
    await rotation.finish();
    expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
    const warnings = output.logs().filter(({ level }) => level === 'WARN');
    expect(warnings).toEqual([
      expect.objectContaining({
        secretArn: rotation.arn,
        message: expect.stringMatching(`${rotation.first}.*RECOVER_THROUGH_SUPERUSER`),
      }),
    ]);
  });

  it.each([
    ['another secret', () => 'arn:aws:secretsmanager:us-east-1:123456789012:secret:another-AbCdEf'],
    ['the beginning of it', (arn: string) => arn.slice(0, -1)],
    ['something longer', (arn: string) => `${arn}x`],
    ['its name', (arn: string) => arn.split(':').at(-1)?.slice(0, -7) ?? ''],
    ['everything', () => '*'],
    ['nothing', () => ''],
  ])('is not passed over where RECOVER_THROUGH_SUPERUSER names %s', async (_, list) => {
    const rotation = await changedByHand();
    recoverThroughSuperuser(list(rotation.arn));
    expect((await refusal(rotation)).name).toBe('CurrentLoginRefused');
    expect(rotation.sawLoginOf(SUPERUSER.username)).toBe(false);
  });
});
