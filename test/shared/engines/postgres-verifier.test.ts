import { createHash, createHmac } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { postgres } from '../../../shared/engines/postgres.ts';
import { md5Verifier, scramVerifier } from '../../../shared/engines/postgres-verifier.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { failureOf } from '../../support/failure.ts';
import { startPostgresProxy } from '../../support/postgres-proxy.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { startTestServer, type TestServer } from './postgres-server.ts';

const SCRAM = /^SCRAM-SHA-256\$(?<iterations>\d+):(?<salt>[^$]+)\$(?<storedKey>[^:]+):(?<serverKey>.+)$/;

function partsOf(verifier: unknown) {
  const { iterations = '', salt = '', storedKey = '', serverKey = '' } = SCRAM.exec(String(verifier))?.groups ?? {};
  const bytes = (base64: string) => Buffer.from(base64, 'base64');
  return {
    iterations: Number(iterations),
    salt: bytes(salt),
    storedKey: bytes(storedKey),
    serverKey: bytes(serverKey),
  };
}

it('a SCRAM verifier checks the proof, and gives the signature, of the example in RFC 7677, section 3', async () => {
  const clientFirst = 'n=user,r=rOprNGfwEbeRWgbNEkqO';
  const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const serverFirst = `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
  const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
  const signature = '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  const { storedKey, serverKey } = partsOf((await scramVerifier(new Sensitive('pencil'), 4096, salt)).reveal());

  const exchange = `${clientFirst},${serverFirst},c=biws,r=${nonce}`;
  const clientSignature = createHmac('sha256', storedKey).update(exchange).digest();
  const clientKey = Buffer.from(proof.map((byte, at) => byte ^ (clientSignature[at] ?? 0)));
  expect(createHash('sha256').update(clientKey).digest()).toEqual(storedKey);
  expect(createHmac('sha256', serverKey).update(exchange).digest('base64')).toBe(signature);
});

it('two SCRAM verifiers of one password have different salts', async () => {
  const password = new Sensitive('the same password');
  const [one, other] = await Promise.all([scramVerifier(password, 4096), scramVerifier(password, 4096)]);
  expect(partsOf(one.reveal()).salt).not.toEqual(partsOf(other.reveal()).salt);
});

describe('on a server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({
      settings: { md5_password_warnings: 'off' },
      // This method takes both kinds of verifier.
      files: { 'pg_hba.conf': 'host all all 127.0.0.1/32 md5' },
    });
  });
  afterAll(() => server.stop());

  async function stored(name: string): Promise<string> {
    const [row] = await server.query(`SELECT rolpassword FROM pg_authid WHERE rolname = ${pg.escapeLiteral(name)}`);
    return String(row?.['rolpassword']);
  }

  /** A user who changes its password while the server's settings are these; returns what the server keeps then. */
  async function changed(settings: Readonly<Record<string, string>>, password: string): Promise<string> {
    await server.createUser('app', 'old password');
    onTestFinished(() => server.dropUser('app'));
    for (const [name, value] of Object.entries(settings)) {
      await server.query(`ALTER ROLE app SET ${name} = '${value}'`);
    }
    const session = await postgres.connect(server.login('app', 'old password'), timeLimit());
    await session.changeOwnPassword(new Sensitive(password));
    await session.close();
    await (await postgres.connect(server.login('app', password), timeLimit())).close();
    return await stored('app');
  }

  const passwords = [
    'plain-ASCII_0123',
    `quotes ' " \\ ; and spaces`,
    'no-break\u00a0space',
    'soft\u00adhyphen',
    'ligature \ufb01',
    'roman \u2168',
    'decomposed e\u0301',
    'composed \u00e9',
    'ideographic\u3000space',
    'zero\u200bwidth',
    '密码',
  ];

  it.each(passwords)('the SCRAM verifier of %j is the one that the server makes itself', async (password) => {
    await server.createUser('app', password);
    onTestFinished(() => server.dropUser('app'));
    const own = await stored('app');
    const { iterations, salt } = partsOf(own);
    expect((await scramVerifier(new Sensitive(password), iterations, salt)).reveal()).toBe(own);
  });

  it.each(passwords)('the md5 verifier of %j is the one that the server makes itself', async (password) => {
    await server.query(
      `SET password_encryption = 'md5'; CREATE ROLE "Äpp 'md5'" PASSWORD ${pg.escapeLiteral(password)}`,
    );
    onTestFinished(() => server.dropUser("Äpp 'md5'"));
    expect(md5Verifier(new Sensitive(password), "Äpp 'md5'").reveal()).toBe(await stored("Äpp 'md5'"));
  });

  it('where password_encryption is md5, an md5 verifier is kept, and the new password logs in', async () => {
    expect(await changed({ password_encryption: 'md5' }, 'new password')).toBe(
      `md5${createHash('md5').update('new passwordapp').digest('hex')}`,
    );
  });

  // 100,001 is more than the driver accepts by itself.
  it.each([1, 4096, 10_000, 100_001])(
    'where scram_iterations is %i, so is the verifier, and the new password logs in',
    async (iterations) => {
      const { iterations: kept, salt } = partsOf(
        await changed({ scram_iterations: String(iterations) }, 'new password'),
      );
      expect(kept).toBe(iterations);
      expect(salt).toHaveLength(16);
    },
  );

  it('before scram_iterations existed (PostgreSQL 15), 4096 are taken', async () => {
    await server.createUser('app', 'old password');
    onTestFinished(() => server.dropUser('app'));
    const proxy = await startPostgresProxy(server, ({ kind, text }) =>
      kind === 'query' && text.includes('scram_iterations')
        ? { rewrite: text.replace('scram_iterations', 'an.unknown_one') }
        : 'pass',
    );
    onTestFinished(() => proxy.close());
    const session = await postgres.connect({ ...server.login('app', 'old password'), port: proxy.port }, timeLimit());
    await server.query('ALTER ROLE app SET scram_iterations = 5000');
    await session.changeOwnPassword(new Sensitive('new password'));
    await session.close();
    expect(partsOf(await stored('app')).iterations).toBe(4096);
  });

  it('a password of nothing but ignored characters is refused, since the server would take it for none at all', async () => {
    await server.createUser('app', 'old password');
    onTestFinished(() => server.dropUser('app'));
    const session = await postgres.connect(server.login('app', 'old password'), timeLimit());
    onTestFinished(() => session.close());
    const error = await failureOf(session.changeOwnPassword(new Sensitive('\ufeff\u00ad')));
    expect(error.name).toBe('CandidateRefused');
    await (await postgres.connect(server.login('app', 'old password'), timeLimit())).close();
  });

  it('where the kind of verifier is not known here, nothing is changed and the error names the setting', async () => {
    await server.createUser('app', 'old password');
    onTestFinished(() => server.dropUser('app'));
    const before = await stored('app');
    const proxy = await startPostgresProxy(server, ({ kind, text }) =>
      kind === 'query' && text.includes('password_encryption')
        ? { rewrite: text.replace(/pg_catalog\.current_setting\('password_encryption'\)/, "'scram-sha-512'") }
        : 'pass',
    );
    onTestFinished(() => proxy.close());
    const session = await postgres.connect({ ...server.login('app', 'old password'), port: proxy.port }, timeLimit());
    onTestFinished(() => session.close());
    const error = await failureOf(session.changeOwnPassword(new Sensitive('new password')));
    expect(error.name).toBe('DatabaseRefused');
    expect(error.message).toContain('password_encryption = scram-sha-512');
    expect(await stored('app')).toBe(before);
  });
});
