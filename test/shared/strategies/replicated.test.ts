import { describe, expect, it } from 'vitest';
import type { DatabaseLogin, Engine } from '../../../shared/engines/engine.ts';
import { LoginRefused, TlsRefused } from '../../../shared/errors.ts';
import { withDeadline } from '../../../shared/rotation/deadline.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { replicated } from '../../../shared/strategies/replicated.ts';
import { failureOf } from '../../support/failure.ts';

const login: DatabaseLogin = {
  host: 'replica.example.com',
  port: 5432,
  database: 'main',
  username: 'app',
  password: new Sensitive('candidate-4711'),
  tls: 'verified',
};
const primary = { ...login, host: 'primary.example.com' };

/** Waits for a replica that answers as `logins` says, one after the other and the last of them for ever. */
async function wait(
  changedAt: DatabaseLogin,
  logins: readonly ('accepted' | Error)[],
  timeMs = 30_000,
  refusedLogins = Number.POSITIVE_INFINITY,
) {
  let [now, asked, closed] = [0, 0, 0];
  const engine: Engine = {
    name: 'Exemplary',
    engineNames: [],
    defaultPort: 5432,
    defaultDatabase: 'main',
    refusedLogins,
    limits: () => ({ userName: { most: 63, of: 'bytes' }, passwordBytes: 100, otherwise: '' }),
    async connect() {
      const answer = logins[Math.min(asked++, logins.length - 1)];
      if (answer instanceof Error) throw answer;
      return { probe: async () => {}, changeOwnPassword: async () => {}, close: async () => void closed++ };
    },
  };
  const pause = async (milliseconds: number) => {
    now += milliseconds;
  };
  const outcome = await withDeadline(
    () => timeMs - now,
    (deadline) => replicated(engine, login, changedAt, { deadline }, pause),
  ).then(
    () => 'accepted' as const,
    (error: unknown) => failureOf(Promise.reject(error)),
  );
  return { outcome, asked, closed, waited: now };
}

const refused = new LoginRefused('Not yet.');

describe('a new password, changed at a primary', () => {
  it('is not asked for where it was changed', async () => {
    expect(await wait(login, [refused])).toMatchObject({ outcome: 'accepted', asked: 0 });
  });

  it.each([1, 2, 7])('is waited for until the login at the replica works, at its try %d', async (tries) => {
    const answers = [...Array<Error>(tries - 1).fill(refused), 'accepted' as const];
    const result = await wait(primary, answers);
    expect(result).toMatchObject({ outcome: 'accepted', asked: tries, closed: 1 });
    expect(result.waited > 0).toBe(tries > 1);
  });

  it('that does not come in time is named, with both hosts, before the step is out of time', async () => {
    const { outcome, waited } = await wait(primary, [refused], 3_000);
    expect(outcome).toMatchObject({ name: 'Unreachable' });
    expect(String(outcome)).toMatch(/primary\.example\.com:5432.*replica\.example\.com:5432/);
    expect(String(outcome)).not.toContain('4711');
    expect(waited).toBeLessThan(3_000);
  });

  it('is asked for no more often than an account is let be refused, and the last time late', async () => {
    const late = await wait(primary, [refused, 'accepted'], 30_000, 2);
    expect(late).toMatchObject({ outcome: 'accepted', asked: 2, waited: 10_000 });
    const never = await wait(primary, [refused], 30_000, 2);
    expect(never).toMatchObject({ outcome: { name: 'Unreachable' }, asked: 2 });
    const short = await wait(primary, [refused, 'accepted'], 3_000, 2);
    expect(short).toMatchObject({ outcome: 'accepted', asked: 2 });
    expect(short.waited).toBeLessThan(3_000);
  });

  it('is asked for at growing intervals where no account locks itself', async () => {
    const { asked, waited } = await wait(primary, [refused], 60_000);
    expect(waited).toBeGreaterThan(55_000);
    expect(asked).toBeLessThan(25);
  });

  it('is not waited for when something else is wrong', async () => {
    const { outcome, asked } = await wait(primary, [new TlsRefused('No certificate.')]);
    expect(outcome).toMatchObject({ name: 'TlsRefused' });
    expect(asked).toBe(1);
  });
});
