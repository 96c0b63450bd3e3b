import { describe, expect, it } from 'vitest';
import { logsIn } from '../../../local/databases/database-server.ts';
import { SUPERUSER } from '../../support/alternating-roles.ts';
import { Effects } from '../../support/effects.ts';
import { FIRST_PASSWORD, newName, rolesOf } from '../../support/pair-rotation.ts';
import { pairSetting } from '../../support/pair-setting.ts';
import { clientFor } from '../../support/protocol.ts';
import { secretsManagerProxy } from '../../support/secrets-manager-proxy.ts';

const { server, protocol, begin } = await pairSetting();

describe.each(['first', 'clone'] as const)('a clean rotation from the %s user', (current) => {
  it('asks Secrets Manager 9 times, logs in 3 times, and never in vain', async () => {
    const calls = new Effects(async () => {});
    const proxy = await secretsManagerProxy(() => protocol.service.endpoint, calls);
    const client = clientFor(`http://127.0.0.1:${proxy.port}`);
    try {
      const rotation = await begin({ current, client });
      await rotation.step('createSecret');
      expect(rotation.proxy.connections()).toBe(0);
      await rotation.step('setSecret');
      expect(rotation.proxy.logins()).toEqual({ accepted: 2, refused: 0 });
      await rotation.step('testSecret');
      expect(rotation.proxy.logins()).toEqual({ accepted: 3, refused: 0 });
      await rotation.step('finishSecret');
      expect(rotation.proxy.connections()).toBe(3);
      expect(calls.names).toHaveLength(9);
    } finally {
      client.destroy();
      await proxy.close();
    }
  });

  it('ends with AWSCURRENT for the other user, and AWSPREVIOUS still logs in', async () => {
    const rotation = await begin({ current });
    await rotation.finish();
    const other = current === 'first' ? rotation.clone : rotation.first;
    expect(rotation.loginIn('AWSCURRENT').username).toBe(other);
    expect(rotation.loginIn('AWSPREVIOUS').password).toBe(FIRST_PASSWORD);
    expect([await rotation.logsIn('AWSCURRENT'), await rotation.logsIn('AWSPREVIOUS')]).toEqual([true, true]);
  });

  it('changes nothing before setSecret, and nothing in testSecret and finishSecret', async () => {
    const rotation = await begin({ current });
    const before = await rolesOf(server);
    await rotation.step('createSecret');
    expect(await rolesOf(server)).toEqual(before);
    await rotation.step('setSecret');
    const set = await rolesOf(server);
    expect(set).not.toEqual(before);
    await rotation.step('testSecret');
    await rotation.step('finishSecret');
    expect(await rolesOf(server)).toEqual(set);
  });

  it('keeps the fields of the secret, and lets connection strings follow the user', async () => {
    const name = newName();
    const username = current === 'first' ? name : `${name}_clone`;
    const url = (user: string, password: string) => `postgresql://${user}:${password}@db.example:5432/postgres`;
    const fields = { dbname: 'postgres', note: [1], DATABASE_URL: url(username, FIRST_PASSWORD) };
    const rotation = await begin({ first: name, current, fields });
    const written = JSON.parse(rotation.textIn('AWSCURRENT'));
    await rotation.finish();
    const { username: other, password, DATABASE_URL, ...rest } = JSON.parse(rotation.textIn('AWSCURRENT'));
    expect(new URL(DATABASE_URL)).toMatchObject({ username: other, host: 'db.example:5432' });
    expect(decodeURIComponent(new URL(DATABASE_URL).password)).toBe(password);
    const { username: _u, password: _p, DATABASE_URL: _d, ...before } = written;
    expect(rest).toEqual(before);
  });

  it('works twice at once', async () => {
    for (let round = 0; round < 5; round++) {
      const rotation = await begin({ current });
      await rotation.step('createSecret');
      const copies = await Promise.allSettled(Array.from({ length: 3 }, () => rotation.step('setSecret')));
      expect(copies.filter(({ status }) => status === 'rejected')).toEqual([]);
      await rotation.step('testSecret');
    }
  });

  it('works twice at once when both have looked before either changes anything', async () => {
    let looked = 0;
    const both = Promise.withResolvers<void>();
    const rotation = await begin({
      current,
      fateOf: ({ kind, text }) => {
        if (kind !== 'query') return 'pass';
        if (text.startsWith('SET ROLE NONE') && ++looked === 2) both.resolve();
        return text.startsWith('BEGIN') ? { after: both.promise } : 'pass';
      },
    });
    await rotation.step('createSecret');
    await Promise.all([rotation.step('setSecret'), rotation.step('setSecret')]);
    expect(looked).toBe(2);
    await rotation.step('testSecret');
  });

  it('a late copy of setSecret after the promotion changes nothing', async () => {
    const rotation = await begin({ current });
    await rotation.finish();
    const before = await rolesOf(server);
    await rotation.step('setSecret');
    expect(await rolesOf(server)).toEqual(before);
  });
});

it('rotating twice ends every password that was live before', async () => {
  const rotation = await begin();
  await rotation.finish();
  const live = [rotation.loginIn('AWSCURRENT'), rotation.loginIn('AWSPREVIOUS')];
  for (const login of live) expect(await logsIn(server, login)).toBe(true);
  for (const _ of ['once', 'twice']) {
    rotation.restart();
    await rotation.finish();
  }
  for (const login of live) expect(await logsIn(server, login)).toBe(false);
  expect([await rotation.logsIn('AWSCURRENT'), await rotation.logsIn('AWSPREVIOUS')]).toEqual([true, true]);
});

describe('createSecret', () => {
  it.each([
    ['whose name is too long for an ending', { fields: { username: 'n'.repeat(58) } }, /"username".*63 bytes/],
    ['without a masterarn', { fields: { masterarn: undefined } }, /"masterarn"/],
    ['with an empty masterarn', { fields: { masterarn: '' } }, /"masterarn"/],
    ['with a masterarn that is no text', { fields: { masterarn: 7 } }, /"masterarn"/],
  ])('refuses a secret %s, before anything is stored or opened', async (_, options, said) => {
    const rotation = await begin(options);
    expect(await rotation.failure('createSecret')).toMatchObject({
      name: 'InvalidSecret',
      message: expect.stringMatching(said),
    });
    expect(rotation.proxy.connections()).toBe(0);
    expect(rotation.textIn('AWSPENDING')).toBe('');
  });

  it('refuses a tag that names neither user', async () => {
    const rotation = await begin({ tags: { 'rotation:first-user': 'somebody' } });
    expect(await rotation.failure('createSecret')).toMatchObject({ name: 'InvalidSetting' });
  });
});

describe('setSecret gives up a candidate, and only AWSCURRENT logs in for that,', () => {
  it.each([
    ['of the same user', {}],
    ['of a third user', { username: 'postgres' }],
    ['of another host', { host: 'elsewhere.example' }, 'clone'],
    ['of another port', { port: 1 }, 'clone'],
    ['of another database', { dbname: 'template1' }, 'clone'],
  ])('%s', async (_, changes, user?: string) => {
    const rotation = await begin();
    rotation.stage({ ...(user !== undefined && { username: rotation.clone }), ...changes, password: 'a-candidate' });
    expect(await rotation.failure('setSecret')).toMatchObject({ name: 'CandidateGivenUp' });
    expect(rotation.proxy.logins()).toEqual({ accepted: 1, refused: 0 });
    expect(rotation.statements).toEqual([]);
    expect(protocol.stages(rotation.arn)).not.toHaveProperty('AWSPENDING');
  });
});

describe('testSecret', () => {
  /** What somebody may do between setSecret and testSecret, so that the clone logs in and is no longer the first user. */
  const undone: readonly [string, (rotation: Awaited<ReturnType<typeof begin>>) => string, boolean][] = [
    [
      'its SET option was revoked',
      ({ first, clone }) => `REVOKE SET OPTION FOR ${first} FROM ${clone} GRANTED BY ${SUPERUSER.username}`,
      false,
    ],
    [
      'its membership was revoked',
      ({ first, clone }) => `REVOKE ${first} FROM ${clone} GRANTED BY ${SUPERUSER.username}`,
      false,
    ],
    ['its settings were reset', ({ clone }) => `ALTER ROLE ${clone} RESET ALL`, true],
    ['it was made to act as another role', ({ clone }) => `ALTER ROLE ${clone} SET role = 'none'`, true],
  ];

  it.each(undone)('does not pass for a clone that logs in when %s', async (_, undo, mendsItself) => {
    const rotation = await begin();
    await rotation.step('createSecret');
    await rotation.step('setSecret');
    await server.query(undo(rotation));
    expect(await rotation.logsIn('AWSPENDING')).toBe(true);
    expect(await rotation.failure('testSecret')).toMatchObject({
      name: 'AlternateRefused',
      message: expect.stringContaining(rotation.first),
    });
    // The service repeats the whole rotation.
    if (mendsItself) {
      await rotation.finish();
    } else {
      await rotation.step('createSecret');
      const { message } = await rotation.failure('setSecret');
      await server.query(/GRANT "[^;]*;/.exec(message)?.[0] ?? '');
      await rotation.finish();
    }
    expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
  });

  it.each(['first', 'clone'] as const)(
    'passes alone on a copy of the current value of the %s user',
    async (current) => {
      const rotation = await begin({ current });
      if (current === 'clone') {
        // As a rotation has left it, with the clone acting as the first user.
        await server.query(`ALTER ROLE ${rotation.clone} SET role = ${rotation.first}`);
      }
      rotation.stage({});
      await rotation.step('testSecret');
      expect(rotation.proxy.logins()).toEqual({ accepted: 1, refused: 0 });
    },
  );

  it('fails while the server refuses the candidate', async () => {
    const rotation = await begin();
    await rotation.step('createSecret');
    expect(await rotation.failure('testSecret')).toMatchObject({ name: 'LoginRefused' });
  });
});

describe('a first user whose own name ends in _clone', () => {
  it('rotates with the tag, in both directions', async () => {
    const first = `${newName()}_clone`;
    const rotation = await begin({ first, tags: { 'rotation:first-user': first } });
    for (const expected of [`${first}_clone`, first]) {
      await rotation.finish();
      expect(rotation.loginIn('AWSCURRENT').username).toBe(expected);
      expect([await rotation.logsIn('AWSCURRENT'), await rotation.logsIn('AWSPREVIOUS')]).toEqual([true, true]);
      rotation.restart();
    }
  });

  it.each([
    ['is alone', false],
    ['has a namesake without the ending, who has nothing to do with it,', true],
  ])('and that %s is refused in setSecret without the tag, which is named; nothing is changed', async (_, namesake) => {
    const name = newName();
    const rotation = await begin({ first: `${name}_clone` });
    if (namesake) await server.query(`CREATE ROLE ${name} LOGIN PASSWORD 'of somebody else'`, SUPERUSER);
    try {
      const before = await rolesOf(server);
      await rotation.step('createSecret');
      const error = await rotation.failure('setSecret');
      expect(error.name).toBe('AlternateRefused');
      expect(error.message).toContain(`rotation:first-user = ${name}_clone`);
      expect(await rolesOf(server)).toEqual(before);
    } finally {
      if (namesake) await server.query(`DROP ROLE ${name}`);
    }
  });
});
