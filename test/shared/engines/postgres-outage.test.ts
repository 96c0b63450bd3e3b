import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { DatabaseLogin } from '../../../shared/engines/engine.ts';
import { postgres } from '../../../shared/engines/postgres.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { failureOf } from '../../support/failure.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { startTestServer, type TestServer } from './postgres-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: { restart_after_crash: 'on' } });
});
afterAll(() => server.stop());

const PASSWORD = 'an-old-password-1';

async function newUser(name: string): Promise<DatabaseLogin> {
  await server.createUser(name, PASSWORD);
  onTestFinished(() => server.dropUser(name));
  return server.login(name, PASSWORD);
}

describe('a server that goes away', () => {
  it('while it shuts down is Unreachable, not a wrong password', async () => {
    const leaving = await startTestServer({ settings: { max_connections: '20' } });
    onTestFinished(() => leaving.stop());
    await leaving.createUser('app', PASSWORD);
    const login = leaving.login('app', PASSWORD);
    const [row] = await leaving.query("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1) AS pid");
    const open = await postgres.connect(login, timeLimit());
    onTestFinished(() => open.close());
    process.kill(Number(row?.['pid']), 'SIGTERM');
    // Until the signal has arrived there, logins still succeed.
    let error: Error | undefined;
    for (let tries = 0; !error && tries < 500; tries++) {
      error = await postgres.connect(login, timeLimit()).then(
        async (session) => {
          await session.close();
          return undefined;
        },
        (thrown: unknown) => (thrown instanceof Error ? thrown : undefined),
      );
    }
    expect(error).toMatchObject({ name: 'Unreachable', message: expect.stringMatching(/57P03.*shutting down/) });
  });

  it('when the session is ended by an administrator is Unreachable', async () => {
    const login = await newUser('app');
    const session = await postgres.connect(login, timeLimit());
    onTestFinished(() => session.close());
    await server.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'app'");
    expect(await failureOf(session.probe())).toMatchObject({ name: 'Unreachable' });
  });

  it('when it crashes in the middle of ALTER ROLE is Unreachable; the old password works once it is back', async () => {
    const login = await newUser('app');
    // Another change of the role that is not committed makes ours wait.
    const other = server.query(`BEGIN; ALTER ROLE app CONNECTION LIMIT 5; SELECT pg_sleep(60)`);
    const otherFailed = failureOf(other);
    await eventually("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    const session = await postgres.connect(login, timeLimit());
    onTestFinished(() => session.close());
    const failure = failureOf(session.changeOwnPassword(new Sensitive('a-new-password-2')));
    const waiting = await eventually(
      "SELECT pid FROM pg_stat_activity WHERE usename = 'app' AND wait_event_type = 'Lock' AND query LIKE 'ALTER ROLE%'",
    );
    process.kill(Number(waiting['pid']), 'SIGKILL');
    expect(await failure).toMatchObject({ name: 'Unreachable' });
    await otherFailed;
    await eventually('SELECT 1');
    await (await postgres.connect(login, timeLimit())).close();
  });

  it('and comes back as a read replica is DatabaseRefused, which says to name the writer', async () => {
    const replica = await startTestServer({ files: { 'standby.signal': '' } });
    onTestFinished(() => replica.stop());
    const { username, password } = replica.superuser;
    const session = await postgres.connect(replica.login(username, password), timeLimit());
    onTestFinished(() => session.close());
    const error = await failureOf(session.changeOwnPassword(new Sensitive('a-new-password-2')));
    expect(error.name).toBe('DatabaseRefused');
    expect(error.message).toMatch(/25006.*writer endpoint/);
  });
});

/** The first row of the answer, once there is one. */
async function eventually(sql: string): Promise<Readonly<Record<string, unknown>>> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const rows = await server.query(sql).catch(() => []);
    if (rows[0]) return rows[0];
    if (performance.now() > deadline) throw new Error(`There was never a row of: ${sql}`);
  }
}
