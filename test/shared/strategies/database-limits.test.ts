import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres } from '../../../local/databases/postgres-server.ts';
import { mysql } from '../../../shared/engines/mysql.ts';
import { postgres } from '../../../shared/engines/postgres.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { certificateAuthority, serverCertificate } from '../../support/certificates.ts';
import { FIRST_PASSWORD, type MysqlSecretOptions, newMysqlSecret } from '../../support/mysql-secret.ts';
import { OVERLAP } from '../../support/overlapping-rotation.ts';
import { type Protocol, startProtocol } from '../../support/protocol.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { describeWithMysql } from '../../support/with-mysql.ts';
import { startTestServer, type TestServer } from '../engines/mysql-server.ts';

outputOfEachTest();

const CLONE = '_clone'.length;
const longest = (engine: string, transport: unknown) =>
  mysql.limits(engine, transport === false ? 'off' : 'verified').passwordBytes;

describeWithMysql('the limits', (kind) => {
  const engine = kind === 'mysql' ? 'mysql' : 'mariadb';
  let server: TestServer;
  let protocol: Protocol;
  let tls: { ca: string };
  beforeAll(async () => {
    const authority = await certificateAuthority();
    tls = { ca: authority.cert };
    const certificate = await serverCertificate(authority, ['127.0.0.1']);
    server = await startTestServer(kind, {
      settings: { 'ssl-cert': 'server.crt', 'ssl-key': 'server.key' },
      files: { 'server.crt': certificate.cert, 'server.key': certificate.key },
    });
    protocol = await startProtocol();
  });
  afterAll(() => Promise.all([server.stop(), protocol.close()]));

  const begin = (options: MysqlSecretOptions = {}) =>
    newMysqlSecret(server, protocol, { ...options, fields: { engine, ...options.fields } });
  /** The server forgets what it has proved before, so that the next login has to prove it anew. */
  const forget = () => server.query('FLUSH PRIVILEGES');

  describe.each(['without TLS', 'over TLS'])('of passwords, %s', (transport) => {
    const fields = () => ({ ssl: transport === 'over TLS' ? tls : false });
    // The settings go up to 4,096 characters.
    const most = Math.min(longest(engine, fields().ssl), 4_096);

    it.each(['one user', 'two users'] as const)('let the longest be rotated in, for %s', async (strategy) => {
      const rotation = await begin({ strategy, fields: fields(), tags: { 'rotation:length': String(most) } });
      await rotation.step('createSecret');
      await rotation.step('setSecret');
      await forget();
      await rotation.step('testSecret');
      await rotation.step('finishSecret');
      expect(rotation.passwordIn('AWSCURRENT')).toHaveLength(most);
    });

    if (kind !== 'mysql') return;

    it.each<[string, Record<string, string>, string]>([
      ['characters', { 'rotation:length': String(most + 1) }, `at most ${most}.`],
      ['bytes in hex', { 'rotation:length': '129', 'rotation:charset': 'hex' }, `at most ${Math.floor(most / 2)}.`],
      [
        'bytes in base64',
        { 'rotation:length': '193', 'rotation:charset': 'base64' },
        `at most ${Math.floor(most / 4) * 3}.`,
      ],
    ])('let createSecret refuse more %s by name of the setting, before anything is stored', async (_, tags, told) => {
      for (const strategy of ['one user', 'two users'] as const) {
        const rotation = await begin({ strategy, fields: fields(), tags });
        const { name, message } = await rotation.failure('createSecret');
        expect({ name, message }).toMatchObject({ name: 'InvalidSetting', message: expect.stringContaining(told) });
        expect(message).toContain('rotation:length');
        expect(protocol.valueOf(rotation.arn, 'AWSPENDING')).toBeUndefined();
      }
    });

    it.each(['one user', 'two users'] as const)(
      'refuse a longer candidate that is stored already, for %s, before anything changes',
      async (strategy) => {
        for (const length of [most + 1, 257, 1_000]) {
          const tags = { 'rotation:length': String(length) };
          const rotation = await begin({ strategy, fields: fields(), tags });
          const username = strategy === 'two users' ? `${rotation.username}_clone` : rotation.username;
          rotation.stage({ username, password: `Aa1-${'x'.repeat(length - 4)}` });
          expect(await rotation.failure('setSecret'), String(length)).toMatchObject({ name: 'CandidateRefused' });
          await server.query('SELECT 1', { username: rotation.username, password: FIRST_PASSWORD });
          expect(protocol.stages(rotation.arn)).not.toHaveProperty('AWSPENDING');
        }
      },
    );

    it.each(['one user', 'one user with two passwords', 'two users'])(
      'are those of the server, whatever the secret calls it, for %s',
      async (how) => {
        const tags = { 'rotation:length': String(most + 1), ...(how.includes('two passwords') && OVERLAP) };
        const strategy = how === 'two users' ? 'two users' : 'one user';
        const rotation = await begin({ strategy, fields: { engine: 'mariadb', ...fields() }, tags });
        if (how.includes('two passwords')) {
          await server.query(`GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO ${rotation.username}`);
        }
        await rotation.step('createSecret');
        expect(await rotation.failure('setSecret')).toMatchObject({ name: 'CandidateRefused' });
        await server.query('SELECT 1', { username: rotation.username, password: FIRST_PASSWORD });
      },
    );
  });

  const { userName } = mysql.limits(engine, 'off');

  it('of names leave room for the clone, and createSecret says so before anything is stored', async () => {
    const fitting = await begin({ strategy: 'two users', username: 'n'.repeat(userName.most - CLONE) });
    await fitting.finish();
    const tooLong = await begin({ strategy: 'two users', username: 'n'.repeat(userName.most - CLONE + 1) });
    expect(await tooLong.failure('createSecret')).toMatchObject({
      name: 'InvalidSecret',
      message: expect.stringMatching(new RegExp(`"username" .* at most ${userName.most} characters`)),
    });
    expect(protocol.valueOf(tooLong.arn, 'AWSPENDING')).toBeUndefined();
  });

  it('of names count characters, and a single user may have all of them', async () => {
    await (await begin({ username: 'é'.repeat(userName.most) })).finish();
    const tooLong = await begin({ username: 'é'.repeat(userName.most + 1), created: '' });
    expect(await tooLong.failure('createSecret')).toMatchObject({ name: 'InvalidSecret' });
  });
});

describe('the limits of PostgreSQL', () => {
  it('are what a secret can hold', async () => {
    const server = await startPostgres();
    try {
      const password = 'x'.repeat(postgres.limits('postgres', 'off').passwordBytes - 1_000);
      await server.query("CREATE ROLE app LOGIN PASSWORD 'first'");
      const { host, port } = server;
      const login = { host, port, database: 'postgres', username: 'app', tls: 'off' as const };
      const session = await postgres.connect({ ...login, password: new Sensitive('first') }, timeLimit());
      await session.changeOwnPassword(new Sensitive(password));
      await session.close();
      await (await postgres.connect({ ...login, password: new Sensitive(password) }, timeLimit())).close();
    } finally {
      await server.stop();
    }
  });
});
