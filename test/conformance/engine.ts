import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { freePort } from '../../local/free-port.ts';
import type { DatabaseLogin, Engine } from '../../shared/engines/engine.ts';
import { Sensitive } from '../../shared/secrets/sensitive.ts';
import { failureOf } from '../support/failure.ts';
import { formsOf } from '../support/forms.ts';
import { strangeText } from '../support/strange-text.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { timeLimit } from '../support/time-limit.ts';

/** A real server, and somebody powerful there who makes users. */
export interface EngineServer {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  createUser(name: string, password: string): Promise<void>;
  /** The nearest name that the server can hold, if it cannot hold every one. */
  nameOf?(text: string): string;
  dropUser(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** An engine keeps back some time of its limit; so much later than the limit is late. */
const LATE_MS = 1_000;
const HANGS_MS = 1_500;

/** What every engine owes, against a real server of its kind that takes logins without TLS. */
export function engineSuite(engine: Engine, start: () => Promise<EngineServer>): void {
  let server: EngineServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());

  let users = 0;
  /** A user for one test. */
  async function newUser(name = `app${++users}`, password = `right-${users}-password`): Promise<DatabaseLogin> {
    await server.createUser(name, password);
    onTestFinished(() => server.dropUser(name));
    return loginOf(name, password);
  }
  const loginOf = (username: string, password: string): DatabaseLogin => ({
    host: server.host,
    port: server.port,
    database: server.database,
    username,
    password: new Sensitive(password),
    tls: 'off',
  });
  const withPassword = (login: DatabaseLogin, password: string) => ({ ...login, password: new Sensitive(password) });

  async function proxied(login: DatabaseLogin): Promise<{ proxy: TcpProxy; login: DatabaseLogin }> {
    const proxy = await startTcpProxy(server);
    onTestFinished(() => proxy.close());
    return { proxy, login: { ...login, host: proxy.host, port: proxy.port } };
  }

  async function connected(login: DatabaseLogin, limit = timeLimit()) {
    const session = await engine.connect(login, limit);
    onTestFinished(() => session.close());
    return session;
  }

  async function accepts(login: DatabaseLogin): Promise<void> {
    const session = await engine.connect(login, timeLimit());
    await session.close();
  }

  const refusal = (login: DatabaseLogin) => failureOf(engine.connect(login, timeLimit()));

  describe('logging in', () => {
    it('works with the right password, and the session answers a read-only query', async () => {
      const session = await connected(await newUser());
      await session.probe();
    });

    it.each([
      ['a wrong password', async () => withPassword(await newUser(), 'wrong-password')],
      ['a user that does not exist', async () => loginOf('nobody-of-that-name', 'wrong-password')],
    ])('with %s is LoginRefused, which names the place and the user and not the password', async (_, make) => {
      const login = await make();
      const error = await refusal(login);
      expect(error.name).toBe('LoginRefused');
      expect(error.message).toContain(`${login.host}:${login.port}`);
      expect(error.message).toContain(login.username);
      expect(error.message).not.toContain('wrong-password');
    });

    it('at a port where nobody listens is Unreachable', async () => {
      const port = await freePort();
      const error = await refusal({ ...loginOf('app', 'password'), port });
      expect(error.name).toBe('Unreachable');
      expect(error.message).toMatch(new RegExp(`${server.host}:${port}.* refuses connections`));
    });

    it('at a name that does not resolve is Unreachable and says that', async () => {
      const error = await refusal({ ...loginOf('app', 'password'), host: 'database.invalid' });
      expect(error.name).toBe('Unreachable');
      expect(error.message).toMatch(/database\.invalid.*does not resolve/);
    });
  });

  describe('a server that does not answer', () => {
    it('at the login is Unreachable within the limit', async () => {
      const { proxy, login } = await proxied(loginOf('app', 'password'));
      proxy.stall();
      const error = await failureWithin(HANGS_MS, () => engine.connect(login, timeLimit(HANGS_MS)));
      expect(error).toMatchObject({ name: 'Unreachable', message: expect.stringMatching(/not answer in time/) });
    });

    it('to a statement is Unreachable within the limit', async () => {
      const { proxy, login } = await proxied(await newUser());
      const session = await connected(login, timeLimit(HANGS_MS));
      proxy.stall();
      const error = await failureWithin(HANGS_MS, () => session.probe());
      expect(error).toMatchObject({ name: 'Unreachable', message: expect.stringMatching(/not answer in time/) });
    });

    it.each(['login', 'statement', 'change of the password'])(
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

    it('does not delay the end of a session', async () => {
      const { proxy, login } = await proxied(await newUser());
      const session = await connected(login);
      proxy.stall();
      const begun = performance.now();
      await session.close();
      expect(performance.now() - begun).toBeLessThan(LATE_MS);
    });

    it('but breaks the connection is Unreachable for a statement, and no error for the end of the session', async () => {
      const { proxy, login } = await proxied(await newUser());
      const session = await connected(login);
      proxy.cut();
      expect(await failureOf(session.probe())).toMatchObject({ name: 'Unreachable' });
      await session.close();
    });
  });

  describe('changing the own password', () => {
    it('makes the server accept the new one and refuse the old one, and leaves open sessions alone', async () => {
      const login = await newUser();
      const other = await connected(login);
      const session = await connected(login);
      await session.changeOwnPassword(new Sensitive('new-password'));
      await accepts(withPassword(login, 'new-password'));
      expect(await refusal(login)).toMatchObject({ name: 'LoginRefused' });
      await other.probe();
    });

    it('can be repeated with the same password', async () => {
      const login = await newUser();
      const session = await connected(login);
      await session.changeOwnPassword(new Sensitive('new-password'));
      await session.changeOwnPassword(new Sensitive('new-password'));
      await accepts(withPassword(login, 'new-password'));
    });

    it('sends neither the old nor the new password in any readable form', async () => {
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

    it('takes any user name and any password', async () => {
      await fc.assert(
        fc.asyncProperty(strangeText(engine.longestUserName - 1), strangeText(100), async (name, text) => {
          // One letter each, for what servers take for no name or no password at all.
          const [username, password] = [server.nameOf?.(`u${name}`) ?? `u${name}`, `p${text}`];
          await server.createUser(username, 'first password');
          try {
            const login = loginOf(username, 'first password');
            const session = await engine.connect(login, timeLimit());
            await session.changeOwnPassword(new Sensitive(password));
            await session.close();
            await accepts(withPassword(login, password));
            expect(await refusal(login)).toMatchObject({ name: 'LoginRefused' });
          } finally {
            await server.dropUser(username);
          }
        }),
        { numRuns: 30, examples: [['x'.repeat(engine.longestUserName - 1), "'; --"]] },
      );
    });
  });
}

/** The error that the work fails with, which must not come later than the limit. */
async function failureWithin(milliseconds: number, work: () => Promise<unknown>): Promise<Error> {
  const begun = performance.now();
  const error = await failureOf(work());
  expect(performance.now() - begun).toBeLessThan(milliseconds + LATE_MS);
  return error;
}
