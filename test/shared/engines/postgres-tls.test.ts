import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { listening } from '../../../local/listening.ts';
import type { DatabaseLogin } from '../../../shared/engines/engine.ts';
import { postgres } from '../../../shared/engines/postgres.ts';
import { type Certificate, certificateAuthority, serverCertificate } from '../../support/certificates.ts';
import { failureOf } from '../../support/failure.ts';
import { startPostgresProxy } from '../../support/postgres-proxy.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { tryLogin } from '../../support/try-login.ts';
import { startTestServer, type TestServer } from './postgres-server.ts';

const PASSWORD = 'right password';

async function serverWith({ cert, key }: Certificate): Promise<TestServer> {
  const server = await startTestServer({
    settings: { ssl: 'on' },
    files: {
      'server.crt': cert,
      'server.key': key,
      'pg_hba.conf': [
        'hostssl all tls_only 127.0.0.1/32 scram-sha-256',
        'hostnossl all tls_only 127.0.0.1/32 reject',
        'host all all 127.0.0.1/32 scram-sha-256',
      ].join('\n'),
    },
  });
  for (const name of ['app', 'tls_only']) await server.createUser(name, PASSWORD);
  return server;
}

const verified = (server: TestServer, part: Partial<DatabaseLogin> = {}): DatabaseLogin => ({
  ...server.login('app', PASSWORD),
  tls: 'verified',
  ...part,
});

let trusted: TestServer;
let expired: TestServer;
let withoutTls: TestServer;
let authorityFile: string;
let authorities: string;
let folder: string;

beforeAll(async () => {
  const authority = await certificateAuthority();
  authorities = authority.cert;
  folder = await mkdtemp(join(tmpdir(), 'authority-'));
  authorityFile = join(folder, 'authority.pem');
  await writeFile(authorityFile, authority.cert);
  const hosts = ['127.0.0.1', 'database.test'];
  [trusted, expired, withoutTls] = await Promise.all([
    serverWith(await serverCertificate(authority, hosts)),
    serverWith(await serverCertificate(authority, hosts, true)),
    startTestServer({ settings: { ssl: 'off' } }),
  ]);
});
afterAll(async () => {
  await Promise.all([trusted, expired, withoutTls].map((server) => server.stop()));
  await rm(folder, { recursive: true });
});

describe('where the secret names the authority', () => {
  it('its certificate is trusted, and the host name still has to be right', async () => {
    await (await postgres.connect(verified(trusted, { tls: { authorities } }), timeLimit())).close();
    const error = await failureOf(
      postgres.connect(verified(trusted, { host: 'localhost', tls: { authorities } }), timeLimit()),
    );
    expect(error).toMatchObject({ name: 'TlsRefused', message: expect.stringContaining('DNS:database.test') });
  });

  it('another authority is not trusted', async () => {
    const { cert } = await certificateAuthority();
    const error = await failureOf(postgres.connect(verified(trusted, { tls: { authorities: cert } }), timeLimit()));
    expect(error.name).toBe('TlsRefused');
  });
});

describe('where the authority is named in NODE_EXTRA_CA_CERTS', () => {
  it.each<[string, () => DatabaseLogin, string, RegExp]>([
    ['a certificate that is in order', () => verified(trusted), 'logged in', /^$/],
    [
      'a certificate for another host',
      () => verified(trusted, { host: 'localhost' }),
      'TlsRefused',
      /at localhost.*ERR_TLS_CERT_ALTNAME_INVALID.*DNS:database\.test.*as its certificate does/,
    ],
    ['an expired certificate', () => verified(expired), 'TlsRefused', /CERT_HAS_EXPIRED/],
  ])('%s', async (_, login, name, message) => {
    const outcome = await tryLogin(login(), { NODE_EXTRA_CA_CERTS: authorityFile });
    expect(outcome.name).toBe(name);
    expect(outcome.message).toMatch(message);
  });

  it('a switch in the environment that turns verification off is not heeded', async () => {
    const outcome = await tryLogin(verified(expired), {
      NODE_EXTRA_CA_CERTS: authorityFile,
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      PGSSLMODE: 'no-verify',
    });
    expect(outcome).toMatchObject({ name: 'TlsRefused', message: expect.stringContaining('CERT_HAS_EXPIRED') });
  });
});

describe('TLS that cannot be trusted is TlsRefused, and never turns into a connection without it', () => {
  it('an authority that nobody knows; the error names the variable to set', async () => {
    const error = await failureOf(postgres.connect(verified(trusted), timeLimit()));
    expect(error.name).toBe('TlsRefused');
    expect(error.message).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/);
    expect(error.message).toContain('NODE_EXTRA_CA_CERTS');
  });

  it.each<[string, () => TestServer]>([
    ['a server without TLS', () => withoutTls],
    ['a server whose authority nobody knows', () => trusted],
  ])('%s is told nothing, not even the user name', async (_, server) => {
    const proxy = await startPostgresProxy(server());
    onTestFinished(() => proxy.close());
    const error = await failureOf(postgres.connect(verified(server(), { port: proxy.port }), timeLimit()));
    expect(error.name).toBe('TlsRefused');
    expect(proxy.connections()).toBe(1);
    expect(proxy.logins()).toEqual({ accepted: 0, refused: 0 });
    expect(proxy.sent().includes('user\0app')).toBe(false);
  });

  it('a server without TLS: the error says both ways out', async () => {
    await withoutTls.createUser('app', PASSWORD);
    const error = await failureOf(postgres.connect(verified(withoutTls), timeLimit()));
    expect(error.message).toMatch(/offers no TLS.*"ssl": false/);
  });
});

describe('a server that offers both', () => {
  it('encrypts what is verified: a user that it takes over TLS only logs in', async () => {
    const login = { ...trusted.login('tls_only', PASSWORD), tls: 'verified' as const };
    expect(await tryLogin(login, { NODE_EXTRA_CA_CERTS: authorityFile })).toMatchObject({ name: 'logged in' });
  });

  it('does not encrypt where the secret says "ssl": false', async () => {
    const session = await postgres.connect(trusted.login('app', PASSWORD), timeLimit());
    onTestFinished(() => session.close());
    const sessions = await trusted.query(
      "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'secret-rotation'",
    );
    expect(sessions).toEqual([{ ssl: false }]);
  });

  it('and takes a user over TLS only: the error says that "ssl": false is in the way', async () => {
    const error = await failureOf(postgres.connect(trusted.login('tls_only', PASSWORD), timeLimit()));
    expect(error.name).toBe('DatabaseRefused');
    expect(error.message).toMatch(/28000.*remove "ssl": false/);
  });
});

it('something that answers the request for TLS and is no PostgreSQL is Unreachable', async () => {
  const stranger = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('J\0\0\0\n8.4.0\0');
  });
  const { port, close } = await listening(stranger);
  onTestFinished(close);
  const error = await failureOf(postgres.connect(verified(trusted, { port }), timeLimit()));
  expect(error.name).toBe('Unreachable');
  expect(error.message).toMatch(new RegExp(`:${port}/.*Check the secret's port`));
});
