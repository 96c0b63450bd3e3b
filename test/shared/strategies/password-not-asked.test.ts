import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../local/databases/postgres-server.ts';
import { createSuperuser } from '../../support/alternating-roles.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { newPairRotation, rolesOf } from '../../support/pair-rotation.ts';
import { type Protocol, startProtocol } from '../../support/protocol.ts';
import { newRoleRotation } from '../../support/role-rotation.ts';

outputOfEachTest();

/** Every login that is not listed is let in by its name alone. */
const TRUST = ['host all postgres all scram-sha-256', 'host all all all trust', ''].join('\n');

describe('where pg_hba.conf says trust, a login shows nothing:', () => {
  let server: PostgresServer;
  let protocol: Protocol;
  beforeAll(async () => {
    [server, protocol] = await Promise.all([
      startPostgres({ settings: { ssl: 'off' }, files: { 'pg_hba.conf': TRUST } }),
      startProtocol(),
    ]);
    await createSuperuser(server);
  });
  afterAll(() => Promise.all([server.stop(), protocol.close()]));

  const named = {
    name: 'PasswordNotAsked',
    message: expect.stringMatching(/without asking for a password.*pg_hba\.conf.*scram-sha-256/),
  };

  it('AWSCURRENT of a single user sets nothing', async () => {
    const rotation = await newRoleRotation(server, protocol);
    await rotation.step('createSecret');
    const before = await rolesOf(server);
    expect(await rotation.failure('setSecret')).toMatchObject(named);
    expect(await rolesOf(server)).toEqual(before);
  });

  it('a candidate of a single user passes no test', async () => {
    const rotation = await newRoleRotation(server, protocol);
    await rotation.step('createSecret');
    expect(await rotation.failure('testSecret')).toMatchObject(named);
  });

  it('the superuser changes nothing on the word of a guessed password', async () => {
    const rotation = await newPairRotation(server, protocol, { fields: { password: 'guessed' } });
    await rotation.step('createSecret');
    const before = await rolesOf(server);
    expect(await rotation.failure('setSecret')).toMatchObject(named);
    expect(await rolesOf(server)).toEqual(before);
  });

  it('an alternate user passes no test', async () => {
    const rotation = await newPairRotation(server, protocol);
    await rotation.step('createSecret');
    await server.query(
      `CREATE ROLE ${rotation.clone} LOGIN; ALTER ROLE ${rotation.clone} SET role = ${rotation.first}`,
    );
    await server.query(`GRANT ${rotation.first} TO ${rotation.clone}`);
    expect(await rotation.failure('testSecret')).toMatchObject(named);
  });

  it('the remedy of the error helps', async () => {
    const rotation = await newRoleRotation(server, protocol, { username: 'asked_again' });
    await rotation.step('createSecret');
    expect(await rotation.failure('setSecret')).toMatchObject(named);
    await server.query(`COPY (SELECT 'host all postgres,asked_again all scram-sha-256' UNION ALL SELECT 'host all all all trust')
      TO PROGRAM 'cat > pg_hba.conf'; SELECT pg_reload_conf()`);
    await vi.waitFor(() => rotation.finish(), { timeout: 10_000 });
    expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
  });
});
