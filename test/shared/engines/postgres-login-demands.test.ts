import { pbkdf2 } from 'node:crypto';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { listening } from '../../../local/listening.ts';
import type { DatabaseLogin } from '../../../shared/engines/engine.ts';
import { postgres } from '../../../shared/engines/postgres.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { failureOf } from '../../support/failure.ts';
import { startPostgresProxy } from '../../support/postgres-proxy.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { startTestServer, type TestServer } from './postgres-server.ts';

const PASSWORD = 'right password';
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    settings: { ssl: 'off' },
    files: {
      'pg_hba.conf': ['host all clear 127.0.0.1/32 password', 'host all all 127.0.0.1/32 scram-sha-256'].join('\n'),
    },
  });
  for (const name of ['clear', 'app']) await server.createUser(name, PASSWORD);
});
afterAll(() => server.stop());

it('a server that asks for the password in clear without TLS is sent nothing, and the error says both ways out', async () => {
  const proxy = await startPostgresProxy(server);
  try {
    const login = { ...server.login('clear', PASSWORD), host: proxy.host, port: proxy.port };
    const error = await failureOf(postgres.connect(login, timeLimit()));
    expect(error.name).toBe('DatabaseRefused');
    expect(error.message).toMatch(/password in clear.*Remove "ssl": false.*scram-sha-256/);
    expect(proxy.sent().includes(PASSWORD)).toBe(false);
  } finally {
    await proxy.close();
  }
});

it('a user that asks for more work than a function can do is refused by name, and the remedy helps', async () => {
  await server.query('ALTER ROLE app SET scram_iterations = 2147483647');
  const session = await postgres.connect(server.login('app', PASSWORD), timeLimit());
  const begun = performance.now();
  const error = await failureOf(session.changeOwnPassword(new Sensitive('new password')));
  expect(performance.now() - begun).toBeLessThan(2_000);
  expect(error.name).toBe('DatabaseRefused');
  expect(error.message).toContain('scram_iterations = 2147483647 for app');
  await session.close();
  const [, remedy = ''] = /Lower it: ([^;]*);/.exec(error.message) ?? [];
  await server.query(remedy);
  const again = await postgres.connect(server.login('app', PASSWORD), timeLimit());
  await again.changeOwnPassword(new Sensitive('new password'));
  await again.close();
  await (await postgres.connect(server.login('app', 'new password'), timeLimit())).close();
});

it('a server that wants more iterations at the login than are computed here is refused within a moment', async () => {
  const salt = Buffer.alloc(16).toString('base64');
  const key = Buffer.alloc(32).toString('base64');
  await server.createUser('slow', PASSWORD);
  // By ALTER ROLE the server itself would compute it, to see whether it is that of an empty password.
  const verifier = `SCRAM-SHA-256$2000000000:${salt}$${key}:${key}`;
  await server.query(`UPDATE pg_authid SET rolpassword = '${verifier}' WHERE rolname = 'slow'`);
  const begun = performance.now();
  const error = await failureOf(postgres.connect(server.login('slow', PASSWORD), timeLimit()));
  expect(performance.now() - begun).toBeLessThan(2_000);
  expect(error).toMatchObject({ name: 'DatabaseRefused', message: expect.stringMatching(/scram_iterations/) });
});

/** Says one of these after each that it hears. */
async function loginAtServerThatSays(...answers: ((heard: string) => readonly Buffer[])[]): Promise<DatabaseLogin> {
  const peer = createServer((socket) => {
    socket.on('error', () => {});
    let turn = 0;
    socket.on('data', (heard) => socket.write(Buffer.concat(answers[turn++]?.(heard.toString('latin1')) ?? [])));
  });
  const { host, port, close } = await listening(peer);
  onTestFinished(close);
  return { host, port, database: 'app', username: 'app', password: new Sensitive(PASSWORD), tls: 'off' };
}

function authentication(kind: number, text = ''): Buffer {
  const message = Buffer.alloc(9 + Buffer.byteLength(text));
  message.write('R');
  message.writeUInt32BE(message.length - 1, 1);
  message.writeUInt32BE(kind, 5);
  message.write(text, 9);
  return message;
}

const scram = authentication(10, 'SCRAM-SHA-256\0\0');

it('a server that leaves out its own proof has not shown that it knows the password: Unreachable', async () => {
  const login = await loginAtServerThatSays(() => [scram, authentication(0), Buffer.from('Z\0\0\0\x05I', 'latin1')]);
  const error = await failureOf(postgres.connect(login, timeLimit(3_000)));
  expect(error.name).toBe('Unreachable');
});

it('a server that asks again and again has one proof computed, so that the next rotation finds the processor free', async () => {
  const login = await loginAtServerThatSays(
    () => [scram],
    (heard) => Array(400).fill(authentication(11, `r=${/r=(.*)$/s.exec(heard)?.[1]}x,s=c2FsdA==,i=1000000`)),
  );
  expect((await failureOf(postgres.connect(login, timeLimit(3_000)))).name).toBe('Unreachable');
  const begun = performance.now();
  await promisify(pbkdf2)('x', 'y', 1, 32, 'sha256');
  expect(performance.now() - begun).toBeLessThan(2_000);
});
