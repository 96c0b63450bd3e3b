import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import type { DatabaseLogin, Session, TimeLimit } from '../../shared/engines/engine.ts';
import { Sensitive } from '../../shared/secrets/sensitive.ts';
import { failureOf } from '../support/failure.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { timeLimit } from '../support/time-limit.ts';

/** A real server, and somebody powerful there who makes users. */
export interface EngineServer {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** What secrets call its engine, where that decides its limits. */
  readonly engineName?: string;
  createUser(name: string, password: string): Promise<void>;
  /** The nearest name that the server can hold, if it cannot hold every one. */
  nameOf?(text: string): string;
  dropUser(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** An engine keeps back some time of its limit; so much later than the limit is late. */
export const LATE_MS = 1_000;
export const HANGS_MS = 1_500;

/** An engine and a server for the tests of the enclosing suite, whose users and connections go when a test ends. */
export function engineSubject<S extends Session, T extends EngineServer>(
  engine: { connect(login: DatabaseLogin, limit: TimeLimit): Promise<S> },
  start: () => Promise<T>,
) {
  let server: T;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());

  let users = 0;
  const loginOf = (username: string, password: string): DatabaseLogin => ({
    host: server.host,
    port: server.port,
    database: server.database,
    username,
    password: new Sensitive(password),
    tls: 'off',
  });

  return {
    server: () => server,
    loginOf,

    async newUser(name = `app${++users}`, password = `right-${users}-password`): Promise<DatabaseLogin> {
      await server.createUser(name, password);
      onTestFinished(() => server.dropUser(name));
      return loginOf(name, password);
    },

    /** The same login by way of a proxy that the test can stall and cut. */
    async proxied(login: DatabaseLogin): Promise<{ proxy: TcpProxy; login: DatabaseLogin }> {
      const proxy = await startTcpProxy(server);
      onTestFinished(() => proxy.close());
      return { proxy, login: { ...login, host: proxy.host, port: proxy.port } };
    },

    async connected(login: DatabaseLogin, limit = timeLimit()): Promise<S> {
      const session = await engine.connect(login, limit);
      onTestFinished(() => session.close());
      return session;
    },

    async accepts(login: DatabaseLogin): Promise<void> {
      const session = await engine.connect(login, timeLimit());
      await session.close();
    },

    refusal: (login: DatabaseLogin) => failureOf(engine.connect(login, timeLimit())),
  };
}

export function withPassword(login: DatabaseLogin, password: string): DatabaseLogin {
  return { ...login, password: new Sensitive(password) };
}

/** The error that the work fails with, which must not come later than the limit. */
export async function failureWithin(milliseconds: number, work: () => Promise<unknown>): Promise<Error> {
  const begun = performance.now();
  const error = await failureOf(work());
  expect(performance.now() - begun).toBeLessThan(milliseconds + LATE_MS);
  return error;
}
