import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { DatabaseLogin } from '../../../shared/engines/engine.ts';
import { postgres } from '../../../shared/engines/postgres.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { failureOf } from '../../support/failure.ts';
import { startPostgresProxy } from '../../support/postgres-proxy.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { startTestServer, type TestServer } from './postgres-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    settings: { shared_preload_libraries: 'passwordcheck', max_connections: '15' },
    files: {
      'pg_hba.conf': ['host all shunned 127.0.0.1/32 reject', 'host all all 127.0.0.1/32 scram-sha-256'].join('\n'),
    },
  });
});
afterAll(() => server.stop());

const PASSWORD = 'an-old-password-1';

async function newUser(name: string, ...statements: readonly string[]): Promise<DatabaseLogin> {
  await server.createUser(name, PASSWORD);
  onTestFinished(() => server.dropUser(name));
  for (const statement of statements) await server.query(statement);
  return server.login(name, PASSWORD);
}

async function accepts(login: DatabaseLogin): Promise<void> {
  await (await postgres.connect(login, timeLimit())).close();
}

/** What changing the password of a logged-in user fails with. */
async function refusedChange(login: DatabaseLogin, password: string): Promise<Error> {
  const session = await postgres.connect(login, timeLimit());
  onTestFinished(() => session.close());
  return await failureOf(session.changeOwnPassword(new Sensitive(password)));
}

describe('a login that the server refuses', () => {
  it.each<[string, () => Promise<DatabaseLogin>, string, RegExp]>([
    [
      'because the database does not exist',
      async () => ({ ...(await newUser('app')), database: 'nowhere' }),
      'DatabaseRefused',
      /3D000.*nowhere.*dbname/,
    ],
    [
      'because the user may not connect to the database',
      async () => {
        const login = await newUser('app', 'CREATE DATABASE closed', 'REVOKE CONNECT ON DATABASE closed FROM PUBLIC');
        onTestFinished(async () => {
          await server.query('DROP DATABASE closed');
        });
        return { ...login, database: 'closed' };
      },
      'DatabaseRefused',
      /42501.*GRANT CONNECT ON DATABASE "closed" TO "app"/,
    ],
    [
      'because the role may not log in',
      () => newUser('app', 'ALTER ROLE app NOLOGIN'),
      'DatabaseRefused',
      /28000.*not permitted to log in.*ALTER ROLE "app" LOGIN/,
    ],
    ['because pg_hba.conf rejects the user', () => newUser('shunned'), 'DatabaseRefused', /28000.*pg_hba\.conf/],
    [
      'because the user has as many connections as it may have',
      () => newUser('app', 'ALTER ROLE app CONNECTION LIMIT 0'),
      'Unreachable',
      /53300.*connection limit/,
    ],
    [
      'because the password is no longer valid',
      () => newUser('app', "ALTER ROLE app VALID UNTIL '2001-01-01'"),
      'LoginRefused',
      /ALTER ROLE "app" VALID UNTIL 'infinity'/,
    ],
  ])('%s', async (_, make, name, message) => {
    const login = await make();
    const error = await failureOf(postgres.connect(login, timeLimit()));
    expect(error.name).toBe(name);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`${server.host}:${server.port}/${login.database}`);
    expect(error.message).toContain(login.username);
    expect(error.message).not.toContain(PASSWORD);
  });

  it('because all connections of the server are taken is Unreachable, not a wrong password', async () => {
    const login = await newUser('app');
    const taken: Awaited<ReturnType<typeof postgres.connect>>[] = [];
    onTestFinished(async () => {
      await Promise.all(taken.map((session) => session.close()));
    });
    const error = await failureOf(
      (async () => {
        for (let count = 0; count < 20; count++) taken.push(await postgres.connect(login, timeLimit()));
      })(),
    );
    expect(error.name).toBe('Unreachable');
    expect(error.message).toMatch(/53300.*connection limit/);
  });
});

describe('password rules (passwordcheck)', () => {
  it.each(['app_user', 'Äpp "quoted"'])(
    'that refuse the user name %s as the password are CandidateRefused, and the old one works',
    async (name) => {
      const login = await newUser(name);
      const error = await refusedChange(login, name);
      expect(error.name).toBe('CandidateRefused');
      expect(error.message).toMatch(/22023: password must not equal user name/);
      await accepts(login);
    },
  );

  it('take another password after they have refused one, in the same session', async () => {
    const login = await newUser('app');
    const session = await postgres.connect(login, timeLimit());
    onTestFinished(() => session.close());
    await failureOf(session.changeOwnPassword(new Sensitive('app')));
    await session.changeOwnPassword(new Sensitive('a-new-password-2'));
    await accepts({ ...login, password: new Sensitive('a-new-password-2') });
  });
});

describe('what a stock server cannot be made to answer, injected on the wire', () => {
  it.each([
    [
      '42501',
      'must be a member of rds_password to alter passwords',
      'PasswordChangeForbidden',
      /GRANT rds_password TO "?app"?/,
    ],
    ['0A000', 'password type is not a plain text', 'CandidateRefused', /rotation:length/],
    ['P0001', 'password must contain a digit', 'CandidateRefused', /must contain a digit/],
    ['28P01', 'password is too weak', 'CandidateRefused', /too weak/],
    ['23514', 'password was used before', 'CandidateRefused', /used before/],
    ['XX000', 'tuple concurrently updated', 'Unreachable', /tuple concurrently updated/],
    ['40001', 'could not serialize access', 'Unreachable', /40001/],
    ['57014', 'canceling statement due to statement timeout', 'Unreachable', /57014/],
    ['53100', 'could not extend file: no space left on device', 'Unreachable', /53100/],
    ['25006', 'cannot execute ALTER ROLE in a read-only transaction', 'DatabaseRefused', /writer endpoint/],
    ['42601', 'syntax error', 'DatabaseRefused', /42601/],
  ])('%s (%s) to ALTER ROLE is %s', async (sqlState, message, name, remedy) => {
    const login = await newUser('app');
    const proxy = await startPostgresProxy(server, ({ text }) =>
      text.startsWith('ALTER ROLE') ? { sqlState, message } : 'pass',
    );
    onTestFinished(() => proxy.close());
    const error = await refusedChange({ ...login, port: proxy.port }, 'a-new-password-2');
    expect(error.name).toBe(name);
    expect(error.message).toMatch(remedy);
    expect(error.message).toContain(message);
    expect(error.message).toContain(`${proxy.host}:${proxy.port}/postgres`);
    await accepts(login);
  });

  it.each([
    ['57P03', 'the database system is starting up', 'Unreachable', /starting up/],
    ['08P01', 'server login has been failing', 'Unreachable', /login has been failing/],
    ['XX000', 'internal error', 'Unreachable', /internal error/],
    ['28000', 'no encryption', 'DatabaseRefused', /remove "ssl": false/],
    ['0A000', 'unsupported frontend protocol', 'DatabaseRefused', /0A000/],
  ])('%s (%s) at the login is %s', async (sqlState, message, name, remedy) => {
    const proxy = await startPostgresProxy(server, ({ kind }) => (kind === 'startup' ? { sqlState, message } : 'pass'));
    onTestFinished(() => proxy.close());
    const error = await failureOf(
      postgres.connect({ ...server.login('app', PASSWORD), port: proxy.port }, timeLimit()),
    );
    expect(error.name).toBe(name);
    expect(error.message).toMatch(remedy);
  });
});
