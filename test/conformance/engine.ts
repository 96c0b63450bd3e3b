import fc from 'fast-check';
import { describe, expect, vi } from 'vitest';
import { freePort } from '../../local/free-port.ts';
import type { DatabaseLogin, Engine } from '../../shared/engines/engine.ts';
import { Sensitive } from '../../shared/secrets/sensitive.ts';
import { failureOf } from '../support/failure.ts';
import { formsOf } from '../support/forms.ts';
import { strangeText } from '../support/strange-text.ts';
import { timeLimit } from '../support/time-limit.ts';
import { type EngineServer, engineSubject, failureWithin, HANGS_MS, LATE_MS, withPassword } from './engine-subject.ts';
import { owed, type Skip } from './owed.ts';

/** What every engine owes, against a real server of its kind that takes logins without TLS. */
export function engineSuite(engine: Engine, start: () => Promise<EngineServer>, skips: readonly Skip[] = []): void {
  const { server, loginOf, newUser, proxied, connected, accepts, refusal } = engineSubject(engine, start);
  const suite = owed(skips);

  describe('logging in', () => {
    suite.test('works with the right password, and the session answers a read-only query', async () => {
      const session = await connected(await newUser());
      await session.probe();
    });

    suite.each<readonly [string, () => Promise<DatabaseLogin>]>([
      ['a wrong password', async () => withPassword(await newUser(), 'wrong-password')],
      ['a user that does not exist', async () => loginOf('nobody-of-that-name', 'wrong-password')],
    ])('with %s is LoginRefused, which names the place and the user and not the password', async ([, make]) => {
      const login = await make();
      const error = await refusal(login);
      expect(error.name).toBe('LoginRefused');
      expect(error.message).toContain(`${login.host}:${login.port}`);
      expect(error.message).toContain(login.username);
      expect(error.message).not.toContain('wrong-password');
    });

    suite.test('at a port where nobody listens is Unreachable', async () => {
      const port = await freePort();
      const error = await refusal({ ...loginOf('app', 'password'), port });
      expect(error.name).toBe('Unreachable');
      expect(error.message).toMatch(new RegExp(`${server().host}:${port}.* refuses connections`));
    });

    suite.test('at a name that does not resolve is Unreachable and says that', async () => {
      const error = await refusal({ ...loginOf('app', 'password'), host: 'database.invalid' });
      expect(error.name).toBe('Unreachable');
      expect(error.message).toMatch(/database\.invalid.*does not resolve/);
    });
  });

  suite.test('a database whose name is any text is DatabaseRefused, which names it', async () => {
    const login = await newUser();
    await fc.assert(
      fc.asyncProperty(strangeText(40), async (text) => {
        // Some servers leave out spaces at the end of a name; none has a database of this one.
        const database = `no-${text}-database`;
        const error = await refusal({ ...login, database });
        expect(error.name).toBe('DatabaseRefused');
        expect(error.message).toContain(database);
      }),
      { numRuns: 20 },
    );
  });

  describe('a server that does not answer', () => {
    suite.test('at the login is Unreachable within the limit', async () => {
      const { proxy, login } = await proxied(loginOf('app', 'password'));
      proxy.stall();
      const error = await failureWithin(HANGS_MS, () => engine.connect(login, timeLimit(HANGS_MS)));
      expect(error).toMatchObject({ name: 'Unreachable', message: expect.stringMatching(/not answer in time/) });
    });

    suite.test('to a statement is Unreachable within the limit', async () => {
      const { proxy, login } = await proxied(await newUser());
      const session = await connected(login, timeLimit(HANGS_MS));
      proxy.stall();
      const error = await failureWithin(HANGS_MS, () => session.probe());
      expect(error).toMatchObject({ name: 'Unreachable', message: expect.stringMatching(/not answer in time/) });
    });

    suite.each(['login', 'statement', 'change of the password'])(
      'is given up at once when the step ends during the %s',
      async (when) => {
        const { proxy, login } = await proxied(await newUser());
        const step = new AbortController();
        const limit = timeLimit(20_000, step.signal);
        const session = when === 'login' ? undefined : await connected(login, limit);
        proxy.stall();
        // Some servers speak first: then a login has sent nothing yet.
        const heard = () => proxy.sent().length + proxy.connections();
        const before = heard();
        const failure = failureOf(
          session === undefined
            ? engine.connect(login, limit)
            : when === 'statement'
              ? session.probe()
              : session.changeOwnPassword(new Sensitive('new-password')),
        );
        await vi.waitFor(() => expect(heard()).toBeGreaterThan(before), { interval: 5 });
        step.abort();
        expect(await failureWithin(0, async () => Promise.reject(await failure))).toMatchObject({
          name: 'Unreachable',
        });
      },
    );

    suite.test('does not delay the end of a session', async () => {
      const { proxy, login } = await proxied(await newUser());
      const session = await connected(login);
      proxy.stall();
      const begun = performance.now();
      await session.close();
      expect(performance.now() - begun).toBeLessThan(LATE_MS);
    });

    suite.test(
      'but breaks the connection is Unreachable for a statement, and no error for the end of the session',
      async () => {
        const { proxy, login } = await proxied(await newUser());
        const session = await connected(login);
        proxy.cut();
        expect(await failureOf(session.probe())).toMatchObject({ name: 'Unreachable' });
        await session.close();
      },
    );
  });

  describe('changing the own password', () => {
    suite.test(
      'makes the server accept the new one and refuse the old one, and leaves open sessions alone',
      async () => {
        const login = await newUser();
        const other = await connected(login);
        const session = await connected(login);
        await session.changeOwnPassword(new Sensitive('new-password'));
        await accepts(withPassword(login, 'new-password'));
        expect(await refusal(login)).toMatchObject({ name: 'LoginRefused' });
        await other.probe();
      },
    );

    suite.test('can be repeated with the same password', async () => {
      const login = await newUser();
      const session = await connected(login);
      await session.changeOwnPassword(new Sensitive('new-password'));
      await session.changeOwnPassword(new Sensitive('new-password'));
      await accepts(withPassword(login, 'new-password'));
    });

    suite.test('sends neither the old nor the new password in any readable form', async () => {
      const user = await newUser('app-on-the-wire', 'Old secret/+ päss');
      const { proxy, login } = await proxied(user);
      const session = await connected(login);
      await session.changeOwnPassword(new Sensitive("New secret/+ '\\päss"));
      await session.close();
      await accepts(withPassword(user, "New secret/+ '\\päss"));
      const sent = proxy.sent();
      expect(sent.includes('app-on-the-wire')).toBe(true);
      for (const form of [...formsOf('Old secret/+ päss'), ...formsOf("New secret/+ '\\päss")]) {
        expect(sent.includes(form), form).toBe(false);
      }
    });

    suite.test('takes any user name and any password', async () => {
      const longest = engine.limits(server().engineName ?? '', 'off').userName.most;
      await fc.assert(
        fc.asyncProperty(strangeText(longest - 1), strangeText(100), async (name, text) => {
          // One letter each, for what servers take for no name or no password at all.
          const [username, password] = [server().nameOf?.(`u${name}`) ?? `u${name}`, `p${text}`];
          await server().createUser(username, 'first password');
          try {
            const login = loginOf(username, 'first password');
            const session = await engine.connect(login, timeLimit());
            await session.changeOwnPassword(new Sensitive(password));
            await session.close();
            await accepts(withPassword(login, password));
            expect(await refusal(login)).toMatchObject({ name: 'LoginRefused' });
          } finally {
            await server().dropUser(username);
          }
        }),
        { numRuns: 30, examples: [['x'.repeat(longest - 1), "'; --"]] },
      );
    });
  });

  suite.end();
}
