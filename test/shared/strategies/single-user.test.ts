import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../local/databases/postgres-server.ts';
import { postgres } from '../../../shared/engines/postgres.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import type { Fate } from '../../support/postgres-proxy.ts';
import { type Protocol, startProtocol } from '../../support/protocol.ts';
import { FIRST_PASSWORD, newRoleRotation, type RoleOptions } from '../../support/role-rotation.ts';
import { strangeText } from '../../support/strange-text.ts';

let server: PostgresServer;
let protocol: Protocol;
outputOfEachTest();
beforeAll(async () => {
  [server, protocol] = await Promise.all([startPostgres({ settings: { ssl: 'off' } }), startProtocol()]);
});
afterAll(() => Promise.all([server.stop(), protocol.close()]));

const begin = (options?: RoleOptions) => newRoleRotation(server, protocol, options);

describe('a clean rotation', () => {
  it('logs in once to set and once to test, and never in vain', async () => {
    const rotation = await begin();
    await rotation.step('createSecret');
    expect(rotation.proxy.connections()).toBe(0);
    await rotation.step('setSecret');
    expect(rotation.proxy.logins()).toEqual({ accepted: 1, refused: 0 });
    await rotation.step('testSecret');
    expect(rotation.proxy.logins()).toEqual({ accepted: 2, refused: 0 });
    await rotation.step('finishSecret');
    expect(rotation.proxy.connections()).toBe(2);
  });

  it('ends with a new password in AWSCURRENT that logs in, and an old one in AWSPREVIOUS that does not', async () => {
    const rotation = await begin();
    await rotation.finish();
    expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
    expect(rotation.passwordIn('AWSPREVIOUS')).toBe(FIRST_PASSWORD);
    expect(await rotation.logsIn(FIRST_PASSWORD)).toBe(false);
  });

  it('does not disturb the role before setSecret, and changes nothing in testSecret', async () => {
    const rotation = await begin();
    await rotation.step('createSecret');
    expect(await rotation.logsIn(FIRST_PASSWORD)).toBe(true);
    await rotation.step('setSecret');
    const before = rotation.statements.length;
    await rotation.step('testSecret');
    expect(rotation.statements.slice(before)).toEqual(['SELECT 1']);
  });

  it('works for a role that may have one connection only', async () => {
    const rotation = await begin();
    await server.query('ALTER ROLE app CONNECTION LIMIT 1');
    // The server may count a connection for a moment after it was closed; the service repeats the whole process then.
    await vi.waitFor(() => rotation.finish(), { timeout: 10_000 });
    await vi.waitFor(async () => expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true));
  });

  it('is the same for any user name and any password', async () => {
    const names = strangeText(postgres.limits('postgres', 'off').userName.most - 1).map((text) => `u${text}`);
    const passwords = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(names, passwords, async (username, password) => {
        const rotation = await begin({ username, password });
        try {
          await rotation.finish();
          expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
          expect(await rotation.logsIn(password)).toBe(false);
        } finally {
          await rotation.drop();
        }
      }),
      { numRuns: 10 },
    );
  });
});

describe('setSecret tries AWSCURRENT, then AWSPENDING, then AWSPREVIOUS, and only a refused login moves on', () => {
  it('not applied yet: AWSCURRENT logs in and changes the password', async () => {
    const rotation = await begin();
    await rotation.step('createSecret');
    await rotation.step('setSecret');
    expect(await rotation.logsIn(rotation.passwordIn('AWSPENDING'))).toBe(true);
    expect(rotation.proxy.logins()).toEqual({ accepted: 1, refused: 0 });
  });

  it('applied: AWSPENDING logs in, and nothing is changed', async () => {
    const rotation = await begin();
    await rotation.step('createSecret');
    await rotation.setRolePassword(rotation.passwordIn('AWSPENDING'));
    await rotation.step('setSecret');
    expect(rotation.proxy.logins()).toEqual({ accepted: 1, refused: 1 });
    expect(rotation.statements).toEqual([]);
  });

  it('neither: AWSPREVIOUS logs in and changes the password', async () => {
    const rotation = await begin();
    await rotation.finish();
    rotation.restart();
    await rotation.setRolePassword(rotation.passwordIn('AWSPREVIOUS'));
    const before = rotation.proxy.logins();
    await rotation.step('createSecret');
    await rotation.step('setSecret');
    expect(rotation.proxy.logins()).toEqual({ accepted: before.accepted + 1, refused: before.refused + 2 });
    expect(await rotation.logsIn(rotation.passwordIn('AWSPENDING'))).toBe(true);
    await rotation.finish();
  });

  const faults: readonly [string, Fate, string][] = [
    ['too many connections', { sqlState: '53300', message: 'too many clients already' }, 'Unreachable'],
    ['a server that starts up', { sqlState: '57P03', message: 'the database system is starting up' }, 'Unreachable'],
    ['a user that is shut out', { sqlState: '28000', message: 'no pg_hba.conf entry' }, 'DatabaseRefused'],
    ['a missing database', { sqlState: '3D000', message: 'database does not exist' }, 'DatabaseRefused'],
    ['a broken connection', 'cut', 'Unreachable'],
  ];

  it.each(faults)('%s at the login with AWSCURRENT ends the step after one connection', async (_, fate, name) => {
    const rotation = await begin({ fateOf: ({ kind }) => (kind === 'startup' ? fate : 'pass') });
    await rotation.step('createSecret');
    const error = await rotation.failure('setSecret');
    expect(error.name).toBe(name);
    expect(error.message).toContain(`${rotation.proxy.host}:${rotation.proxy.port}`);
    expect(rotation.proxy.connections()).toBe(1);
    expect(await rotation.logsIn(FIRST_PASSWORD)).toBe(true);
  });

  it.each(faults)('%s at the login with AWSPENDING ends the step after two', async (_, fate, name) => {
    let logins = 0;
    const rotation = await begin({ fateOf: ({ kind }) => (kind === 'startup' && ++logins === 2 ? fate : 'pass') });
    await rotation.step('createSecret');
    await rotation.setRolePassword('somebody-elses-password');
    expect(await rotation.failure('setSecret')).toMatchObject({ name });
    expect(rotation.proxy.connections()).toBe(2);
  });

  it.each([
    ['is not there', undefined],
    ['cannot be read', 'not JSON'],
    ['is for another user', { username: 'somebody-else' }],
    ['is for another host', { host: 'elsewhere.example' }],
  ])('AWSPREVIOUS that %s is not tried', async (_, previous) => {
    const rotation = await begin();
    if (previous !== undefined) {
      const current = rotation.value();
      await rotation.putCurrent(typeof previous === 'string' ? previous : rotation.value(previous));
      await rotation.putCurrent(current);
      rotation.restart();
    }
    await rotation.setRolePassword('somebody-elses-password');
    await rotation.step('createSecret');
    expect(await rotation.failure('setSecret')).toMatchObject({ name: 'NoWorkingPassword' });
    expect(rotation.proxy.logins()).toEqual({ accepted: 0, refused: 2 });
  });
});

describe('a candidate for another login is given up, and only AWSCURRENT logs in for that', () => {
  it.each([
    ['username', { username: 'superuser' }],
    ['host', { host: 'elsewhere.example' }],
    ['port', { port: 1 }],
    ['database', { dbname: 'template1' }],
  ])('another %s', async (_, changes) => {
    const rotation = await begin();
    rotation.stage({ ...changes, password: 'a-candidate-password' });
    expect(await rotation.failure('setSecret')).toMatchObject({ name: 'CandidateGivenUp' });
    expect(rotation.proxy.logins()).toEqual({ accepted: 1, refused: 0 });
    expect(rotation.statements).toEqual([]);
    expect(await rotation.logsIn(FIRST_PASSWORD)).toBe(true);
    expect(protocol.stages(rotation.arn)).not.toHaveProperty('AWSPENDING');
  });
});

describe('testSecret', () => {
  it('fails while the server refuses the candidate, and names place and user', async () => {
    const rotation = await begin();
    await rotation.step('createSecret');
    const error = await rotation.failure('testSecret');
    expect(error.name).toBe('LoginRefused');
    expect(error.message).toContain(`${rotation.proxy.host}:${rotation.proxy.port}/postgres`);
    expect(error.message).toContain('app');
  });

  it('passes alone on a copy of the current value, as a test-only rotation has it', async () => {
    const rotation = await begin();
    rotation.stage({});
    await rotation.step('testSecret');
    expect(rotation.proxy.logins()).toEqual({ accepted: 1, refused: 0 });
  });
});

describe('a secret written for the AWS-provided template', () => {
  it.each<[string, (port: number) => Readonly<Record<string, unknown>>]>([
    ['as the console writes it', (port) => ({ port: String(port), ssl: 'false', dbInstanceIdentifier: 'db-1' })],
    ['of Aurora', () => ({ engine: 'aurora-postgresql', dbClusterIdentifier: 'cluster-1', dbname: 'postgres' })],
    [
      'with fields of its own',
      () => ({ masterarn: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:x', note: [1] }),
    ],
  ])('%s rotates as it is, and only its password changes', async (_, fields) => {
    const rotation = await begin({ fields });
    const written = rotation.textIn('AWSCURRENT');
    await rotation.finish();
    const { password } = JSON.parse(rotation.textIn('AWSCURRENT'));
    expect(rotation.textIn('AWSCURRENT')).toBe(JSON.stringify({ ...JSON.parse(written), password }));
    expect(await rotation.logsIn(password)).toBe(true);
  });

  it.each([true, 'true', 'TRUE', undefined])('with "ssl": %j wants TLS, and takes nothing less', async (ssl) => {
    const rotation = await begin({ fields: () => ({ ssl }) });
    await rotation.step('createSecret');
    expect(await rotation.failure('setSecret')).toMatchObject({ name: 'TlsRefused' });
    expect(rotation.proxy.logins()).toEqual({ accepted: 0, refused: 0 });
  });

  it('with a connection string keeps it usable: it logs in with what it says', async () => {
    const rotation = await begin({
      username: "o'neil app",
      fields: () => ({
        DATABASE_URL: `postgresql://o'neil%20app:${FIRST_PASSWORD}@db.example:5432/postgres?sslmode=require`,
      }),
    });
    await rotation.finish();
    const { password, DATABASE_URL } = JSON.parse(rotation.textIn('AWSCURRENT'));
    const url = new URL(DATABASE_URL);
    expect(decodeURIComponent(url.password)).toBe(password);
    expect(decodeURIComponent(url.username)).toBe("o'neil app");
    expect(`${url.host}${url.pathname}${url.search}`).toBe('db.example:5432/postgres?sslmode=require');
    expect(await rotation.logsIn(decodeURIComponent(url.password))).toBe(true);
  });
});
