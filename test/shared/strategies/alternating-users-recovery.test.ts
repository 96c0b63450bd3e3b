import { describe, expect, it, vi } from 'vitest';
import { logsIn } from '../../../local/databases/database-server.ts';
import { rolesOf } from '../../support/pair-rotation.ts';
import { pairSetting } from '../../support/pair-setting.ts';
import type { ClientMessage, Fate } from '../../support/postgres-proxy.ts';

const { server, protocol, begin } = await pairSetting({ shared_preload_libraries: 'passwordcheck' });

/** The first message of this kind meets this fate; what comes after it passes. */
function firstOf(matches: (message: ClientMessage) => boolean, fate: Fate): (message: ClientMessage) => Fate {
  let met = false;
  return (message) => {
    if (met || !matches(message)) return 'pass';
    met = true;
    return fate;
  };
}

const statements: readonly [string, (message: ClientMessage) => boolean][] = [
  ['that looks', ({ text }) => text.startsWith('SET ROLE NONE')],
  ['that makes the clone whole', ({ text }) => text.startsWith('BEGIN')],
  ['that sets the password', ({ text }) => text.startsWith('ALTER ROLE')],
];
const fates: readonly [string, Fate, string][] = [
  ['never arrives', 'cut', 'Unreachable'],
  ['is never answered', 'stall', 'Unreachable'],
  ['a replica refuses', { sqlState: '25006', message: 'read-only transaction' }, 'DatabaseRefused'],
  ['meets a server that shuts down', { sqlState: '57P01', message: 'terminating connection' }, 'Unreachable'],
];

describe.each(['first', 'clone'] as const)('with the %s user current, the statement', (current) => {
  const cases = statements.flatMap(([what, matches]) =>
    fates.map(([how, fate, name]) => ({ what, matches, how, fate, name })),
  );
  it.each(cases)('$what and $how is $name in time; nothing is half made, and a repeat works', async (failing) => {
    const rotation = await begin({ current, fateOf: firstOf(failing.matches, failing.fate) });
    await rotation.step('createSecret');
    const before = await rolesOf(server);
    const begun = performance.now();
    expect(await rotation.failure('setSecret', 5_000)).toMatchObject({ name: failing.name });
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(await rolesOf(server)).toEqual(before);
    await rotation.finish();
    expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
  });

  it.each(statements.slice(2))(
    '%s and loses its answer is found done by the login of the candidate',
    async (_, matches) => {
      const rotation = await begin({ current, fateOf: firstOf(matches, 'lose the answer') });
      await rotation.step('createSecret');
      await rotation.step('setSecret');
      expect(rotation.proxy.logins()).toEqual({ accepted: 3, refused: 0 });
      await rotation.step('testSecret');
    },
  );
});

it('a password that the server refuses for good changes nothing, and frees the way for another one', async () => {
  const rotation = await begin();
  rotation.stage({ username: rotation.clone, password: rotation.clone });
  const before = await rolesOf(server);
  expect(await rotation.failure('setSecret')).toMatchObject({ name: 'CandidateRefused' });
  expect(await rolesOf(server)).toEqual(before);
  expect(protocol.stages(rotation.arn)).not.toHaveProperty('AWSPENDING');
  rotation.restart();
  await rotation.finish();
  expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
});

describe('a user that was dropped', () => {
  it('is CurrentLoginRefused if it is the current one', async () => {
    const rotation = await begin();
    await server.query(`DROP ROLE ${rotation.first}`);
    await rotation.step('createSecret');
    const before = await rolesOf(server);
    expect(await rotation.failure('setSecret')).toMatchObject({
      name: 'CurrentLoginRefused',
      message: expect.stringContaining(rotation.first),
    });
    expect(await rolesOf(server)).toEqual(before);
  });

  it('is made anew if it is the clone and not current', async () => {
    const rotation = await begin({ current: 'clone' });
    await rotation.finish();
    await server.query(`DROP ROLE ${rotation.clone}`);
    rotation.restart();
    await rotation.finish();
    expect(rotation.loginIn('AWSCURRENT').username).toBe(rotation.clone);
    expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
  });

  it('is AlternateRefused if it is the first and not current, and nothing is made in its place', async () => {
    const rotation = await begin({ current: 'clone' });
    await server.query(`DROP ROLE ${rotation.first}`);
    await rotation.step('createSecret');
    const before = await rolesOf(server);
    expect(await rotation.failure('setSecret')).toMatchObject({
      name: 'AlternateRefused',
      message: expect.stringContaining(rotation.first),
    });
    expect(await rolesOf(server)).toEqual(before);
  });
});

describe('a connection limit', () => {
  it('that is full is Unreachable for the current user, and nothing is changed', async () => {
    const rotation = await begin();
    await server.query(`ALTER ROLE ${rotation.first} CONNECTION LIMIT 0`);
    await rotation.step('createSecret');
    const before = await rolesOf(server);
    const error = await rotation.failure('setSecret');
    expect(error).toMatchObject({ name: 'Unreachable', message: expect.stringMatching(/53300.*connection limit/s) });
    expect(await rolesOf(server)).toEqual(before);
    await server.query(`ALTER ROLE ${rotation.first} CONNECTION LIMIT -1`);
    await rotation.finish();
  });

  it('of one is enough', async () => {
    const rotation = await begin();
    await server.query(`ALTER ROLE ${rotation.first} CONNECTION LIMIT 1`);
    // The server may count a connection for a moment after it was closed; the service repeats the whole process then.
    await vi.waitFor(() => rotation.finish(), { timeout: 10_000 });
    await vi.waitFor(async () => expect(await rotation.logsIn('AWSCURRENT')).toBe(true));
  });
});

it('a candidate that was half forgotten is replaced by the next one, and AWSCURRENT works all the time', async () => {
  const rotation = await begin();
  await rotation.step('createSecret');
  await rotation.step('setSecret');
  const forgotten = rotation.loginIn('AWSPENDING');
  rotation.restart();
  await rotation.finish();
  expect(await logsIn(server, forgotten)).toBe(false);
  expect([await rotation.logsIn('AWSCURRENT'), await rotation.logsIn('AWSPREVIOUS')]).toEqual([true, true]);
});
