import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { MysqlKind } from '../../../local/databases/mysql-kinds.ts';
import type { DatabaseLogin } from '../../../shared/engines/engine.ts';
import { mysql } from '../../../shared/engines/mysql.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { type Certificate, certificateAuthority, serverCertificate } from '../../support/certificates.ts';
import { failureOf } from '../../support/failure.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { tryLogin } from '../../support/try-login.ts';
import { describeWithMysql } from '../../support/with-mysql.ts';
import { startTestServer, type TestServer } from './mysql-server.ts';

const PASSWORD = 'right password';

async function serverWith(kind: MysqlKind, certificate?: Certificate): Promise<TestServer> {
  const server = await startTestServer(
    kind,
    certificate
      ? {
          settings: { 'ssl-cert': 'server.crt', 'ssl-key': 'server.key' },
          files: { 'server.crt': certificate.cert, 'server.key': certificate.key },
        }
      : { settings: kind === 'mysql' ? { 'tls-version': '' } : { ssl: 'off' } },
  );
  await server.createUser('app', PASSWORD);
  await server.query(`CREATE USER tls_only@'%' IDENTIFIED BY '${PASSWORD}' REQUIRE SSL`);
  return server;
}

const verified = (server: TestServer, part: Partial<DatabaseLogin> = {}): DatabaseLogin => ({
  ...server.login('app', PASSWORD),
  tls: 'verified',
  ...part,
});

describeWithMysql('TLS', (kind) => {
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
      serverWith(kind, await serverCertificate(authority, hosts)),
      serverWith(kind, await serverCertificate(authority, hosts, true)),
      serverWith(kind),
    ]);
  });
  afterAll(async () => {
    await Promise.all([trusted, expired, withoutTls].map((server) => server.stop()));
    await rm(folder, { recursive: true });
  });

  describe('where the secret names the authority', () => {
    it('its certificate is trusted, and the host name still has to be right', async () => {
      await (await mysql.connect(verified(trusted, { tls: { authorities } }), timeLimit())).close();
      const error = await failureOf(
        mysql.connect(verified(trusted, { host: 'localhost', tls: { authorities } }), timeLimit()),
      );
      expect(error).toMatchObject({ name: 'TlsRefused', message: expect.stringContaining('DNS:database.test') });
    });

    it('another authority is not trusted', async () => {
      const { cert } = await certificateAuthority();
      const error = await failureOf(mysql.connect(verified(trusted, { tls: { authorities: cert } }), timeLimit()));
      expect(error.name).toBe('TlsRefused');
    });
  });

  describe('where the authority is named in NODE_EXTRA_CA_CERTS', () => {
    it.each<[string, () => DatabaseLogin, string, RegExp]>([
      ['a certificate that is in order', () => verified(trusted), 'logged in', /^$/],
      ['an account that requires TLS', () => verified(trusted, { username: 'tls_only' }), 'logged in', /^$/],
      [
        'a certificate for another host',
        () => verified(trusted, { host: 'localhost' }),
        'TlsRefused',
        /at localhost.*ERR_TLS_CERT_ALTNAME_INVALID.*DNS:database\.test.*as its certificate does/,
      ],
      ['an expired certificate', () => verified(expired), 'TlsRefused', /CERT_HAS_EXPIRED/],
    ])('%s', async (_, login, name, message) => {
      const outcome = await tryLogin(login(), { NODE_EXTRA_CA_CERTS: authorityFile }, mysql);
      expect(outcome).toEqual({ name, message: expect.stringMatching(message) });
    });

    it('a switch in the environment that turns verification off is not heeded', async () => {
      const environment = { NODE_EXTRA_CA_CERTS: authorityFile, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
      const outcome = await tryLogin(verified(expired), environment, mysql);
      expect(outcome).toMatchObject({ name: 'TlsRefused', message: expect.stringContaining('CERT_HAS_EXPIRED') });
    });
  });

  describe('TLS that cannot be trusted is TlsRefused, and never turns into a connection without it', () => {
    it('an authority that nobody knows; the error names the variable to set', async () => {
      const error = await failureOf(mysql.connect(verified(trusted), timeLimit()));
      expect(error.name).toBe('TlsRefused');
      expect(error.message).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/);
      expect(error.message).toContain('NODE_EXTRA_CA_CERTS');
    });

    it('a server without TLS: the error says both ways out', async () => {
      const error = await failureOf(mysql.connect(verified(withoutTls), timeLimit()));
      expect(error.name).toBe('TlsRefused');
      expect(error.message).toMatch(/offers no TLS.*"ssl": false/);
    });

    it.each<[string, () => TestServer, string]>([
      ['a server without TLS', () => withoutTls, ''],
      ['a server whose authority nobody knows', () => trusted, ''],
      // From this version on, the driver by itself takes a certificate that nobody signed from a server that knows the password.
      ['a server whose authority nobody knows, of a version that signs for itself', () => trusted, '11.18.19'],
    ])('%s is told nothing, not even the user name', async (_, server, version) => {
      const proxy = await startTcpProxy(server(), () => ({
        fromClient: (bytes, wires) => wires.toServer(bytes),
        fromServer: (bytes, wires) =>
          wires.toClient(
            version ? Buffer.from(bytes.toString('latin1').replace(/\b1\d\.\d\d\.\d\d\b/, version), 'latin1') : bytes,
          ),
      }));
      onTestFinished(() => proxy.close());
      // MySQL counts its refusals only where it keeps a performance schema.
      const refusals = () => server().query("SHOW GLOBAL STATUS LIKE 'Access_denied_errors'");
      const before = await refusals();
      const wrong = { port: proxy.port, password: new Sensitive('wrong password') };
      const error = await failureOf(mysql.connect(verified(server(), wrong), timeLimit()));
      expect(error.name).toBe('TlsRefused');
      expect(proxy.connections()).toBe(1);
      expect(proxy.sent().includes('app')).toBe(false);
      // Nor was it told behind the TLS that cannot be trusted: the server would have refused it.
      expect(await refusals()).toEqual(before);
    });
  });

  it('does not encrypt where the secret says "ssl": false', async () => {
    const proxy = await startTcpProxy(trusted);
    onTestFinished(() => proxy.close());
    const session = await mysql.connect({ ...trusted.login('app', PASSWORD), port: proxy.port }, timeLimit());
    onTestFinished(() => session.close());
    await session.probe();
    expect(proxy.sent().includes('SELECT 1')).toBe(true);
  });

  it('a server that takes TLS only, and "ssl": false: the error says that this may be why', async () => {
    await trusted.query('SET GLOBAL require_secure_transport = ON');
    try {
      const error = await failureOf(mysql.connect(trusted.login('app', PASSWORD), timeLimit()));
      expect(error.message).toMatch(/remove "ssl": false/i);
    } finally {
      await expect(tryLogin(verified(trusted), { NODE_EXTRA_CA_CERTS: authorityFile }, mysql)).resolves.toMatchObject({
        name: 'logged in',
      });
    }
  });
});
