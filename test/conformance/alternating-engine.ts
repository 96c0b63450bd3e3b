import fc from 'fast-check';
import { describe, expect, onTestFinished, vi } from 'vitest';
import type { AlternatingEngine, AlternatingSession, UserPair } from '../../shared/engines/alternating-engine.ts';
import type { DatabaseLogin } from '../../shared/engines/engine.ts';
import { Sensitive } from '../../shared/secrets/sensitive.ts';
import { vouched } from '../support/claims.ts';
import { failureOf } from '../support/failure.ts';
import { formsOf } from '../support/forms.ts';
import { strangeText } from '../support/strange-text.ts';
import { timeLimit } from '../support/time-limit.ts';
import { type EngineServer, engineSubject, failureWithin, HANGS_MS, withPassword } from './engine-subject.ts';
import { owed, type Skip } from './owed.ts';

export interface AlternatingServer extends EngineServer {
  /** May let in others that `createUser` has made. */
  readonly letsIn: { readonly username: string; readonly password: string };
  /** Gives a user a right that others lack; `useRight` fails without it. */
  giveRight(name: string): Promise<unknown>;
  useRight(login: { readonly username: string; readonly password: string }): Promise<unknown>;
}

/** What an engine of alternating users owes besides, against a real server of its kind. */
export function alternatingEngineSuite(
  engine: AlternatingEngine,
  start: () => Promise<AlternatingServer>,
  skips: readonly Skip[] = [],
): void {
  const subject = engineSubject(engine, start);
  const { server, loginOf, newUser, proxied, connected, accepts, refusal } = subject;
  const suite = owed(skips);

  const pairOf = (first: string): UserPair => ({ first, clone: `${first}_clone` });
  const superuser = (): DatabaseLogin => loginOf(server().letsIn.username, server().letsIn.password);

  async function newPair(): Promise<{ login: DatabaseLogin; pair: UserPair }> {
    const login = await newUser();
    const pair = pairOf(login.username);
    onTestFinished(() => server().dropUser(pair.clone));
    return { login, pair };
  }

  async function as<T>(login: DatabaseLogin, work: (session: AlternatingSession) => Promise<T>): Promise<T> {
    const session = await engine.connect(login, timeLimit());
    return await work(session).finally(() => session.close());
  }

  const letIn = (user: string, pair: UserPair, password: string, by = superuser()) =>
    as(by, (session) => session.letIn(user, pair, new Sensitive(password), vouched()));

  describe('letting the other user in', () => {
    suite.test('creates the clone, which has the rights of the first user; that goes on as it was', async () => {
      const { login, pair } = await newPair();
      await server().giveRight(pair.first);
      await letIn(pair.clone, pair, 'of-the-clone');
      await as(loginOf(pair.clone, 'of-the-clone'), (session) => session.proveRights(pair));
      await server().useRight({ username: pair.clone, password: 'of-the-clone' });
      await accepts(login);
    });

    suite.test("changes the first user's password, and the clone goes on as it was", async () => {
      const { login, pair } = await newPair();
      await letIn(pair.clone, pair, 'of-the-clone');
      await letIn(pair.first, pair, 'new-password');
      await as(withPassword(login, 'new-password'), (session) => session.proveRights(pair));
      await accepts(loginOf(pair.clone, 'of-the-clone'));
      expect(await refusal(login)).toMatchObject({ name: 'LoginRefused' });
    });

    suite.test(
      'gives the clone a right that the first user has got since, whichever of the two is let in',
      async () => {
        const { pair } = await newPair();
        await letIn(pair.clone, pair, 'of-the-clone');
        const clone = { username: pair.clone, password: 'of-the-clone' };
        await expect(server().useRight(clone)).rejects.toThrow();
        await server().giveRight(pair.first);
        await letIn(pair.first, pair, 'new-password');
        await server().useRight(clone);
      },
    );

    suite.each(['clone', 'first'] as const)('can be repeated (the %s)', async (which) => {
      const { pair } = await newPair();
      for (let time = 0; time < 2; time++) await letIn(pair[which], pair, 'new-password');
      await as(loginOf(pair[which], 'new-password'), (session) => session.proveRights(pair));
    });

    suite.test(
      'is refused to somebody without the right to do so, who is told the statement; nothing is made',
      async () => {
        const { login, pair } = await newPair();
        const error = await failureOf(letIn(pair.clone, pair, 'new-password', login));
        expect(error.name).toBe('SuperuserRefused');
        expect(error.message).toMatch(/GRANT|grant/);
        expect(error.message).not.toContain('new-password');
        expect(await refusal(loginOf(pair.clone, 'new-password'))).toMatchObject({ name: 'LoginRefused' });
      },
    );

    suite.test('where there is no first user is AlternateRefused; nothing is made', async () => {
      const pair = pairOf('nobody-of-that-name');
      for (const user of [pair.clone, pair.first]) {
        expect(await failureOf(letIn(user, pair, 'new-password'))).toMatchObject({ name: 'AlternateRefused' });
        expect(await refusal(loginOf(user, 'new-password'))).toMatchObject({ name: 'LoginRefused' });
      }
    });

    suite.test('sends no password in any readable form', async () => {
      const { pair } = await newPair();
      const { proxy, login } = await proxied(superuser());
      for (const user of [pair.clone, pair.first]) await letIn(user, pair, "New secret/+ '\\päss", login);
      await accepts(loginOf(pair.clone, "New secret/+ '\\päss"));
      const sent = proxy.sent();
      expect(sent.includes(pair.clone)).toBe(true);
      for (const form of [server().letsIn.password, "New secret/+ '\\päss"].flatMap(formsOf)) {
        expect(sent.includes(form), form).toBe(false);
      }
    });

    suite.test('takes any names and any password', async () => {
      const longest = engine.limits(server().engineName ?? '', 'off').userName.most - '_clone'.length;
      const names = strangeText(longest - 1);
      await fc.assert(
        fc.asyncProperty(names, strangeText(100), async (name, text) => {
          // One letter each, for what servers take for no name or no password at all.
          const pair = pairOf(server().nameOf?.(`u${name}`) ?? `u${name}`);
          const password = `p${text}`;
          await server().createUser(pair.first, 'first password');
          try {
            await server().giveRight(pair.first);
            for (const user of [pair.clone, pair.first]) {
              await letIn(user, pair, password);
              await as(loginOf(user, password), (session) => session.proveRights(pair));
              await server().useRight({ username: user, password });
            }
          } finally {
            for (const user of [pair.clone, pair.first]) await server().dropUser(user);
          }
        }),
        { numRuns: 20, examples: [['x'.repeat(longest - 1), "'; --"]] },
      );
    });
  });

  describe('a server that does not answer while the other user is let in', () => {
    suite.test('is Unreachable within the limit', async () => {
      const { pair } = await newPair();
      const { proxy, login } = await proxied(superuser());
      const session = await connected(login, timeLimit(HANGS_MS));
      proxy.stall();
      const error = await failureWithin(HANGS_MS, () =>
        session.letIn(pair.clone, pair, new Sensitive('new-password'), vouched()),
      );
      expect(error).toMatchObject({ name: 'Unreachable', message: expect.stringMatching(/not answer in time/) });
    });

    suite.test('is given up at once when the step ends', async () => {
      const { pair } = await newPair();
      const { proxy, login } = await proxied(superuser());
      const step = new AbortController();
      const session = await connected(login, timeLimit(20_000, step.signal));
      proxy.stall();
      const before = proxy.sent().length;
      const failure = failureOf(session.letIn(pair.clone, pair, new Sensitive('new-password'), vouched()));
      await vi.waitFor(() => expect(proxy.sent().length).toBeGreaterThan(before), { interval: 5 });
      step.abort();
      expect(await failureWithin(0, async () => Promise.reject(await failure))).toMatchObject({ name: 'Unreachable' });
    });

    suite.test('but breaks the connection is Unreachable; it can be done again', async () => {
      const { pair } = await newPair();
      const { proxy, login } = await proxied(superuser());
      const session = await connected(login);
      proxy.cut();
      expect(await failureOf(session.letIn(pair.clone, pair, new Sensitive('new-password'), vouched()))).toMatchObject({
        name: 'Unreachable',
      });
      await letIn(pair.clone, pair, 'new-password');
      await accepts(loginOf(pair.clone, 'new-password'));
    });
  });

  suite.end();
}
