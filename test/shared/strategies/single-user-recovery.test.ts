import {
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../local/databases/postgres-server.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import type { ClientMessage, Fate } from '../../support/postgres-proxy.ts';
import { type Protocol, startProtocol } from '../../support/protocol.ts';
import { FIRST_PASSWORD, newRoleRotation, type RoleOptions } from '../../support/role-rotation.ts';

let server: PostgresServer;
let protocol: Protocol;
outputOfEachTest();
beforeAll(async () => {
  const settings = { shared_preload_libraries: 'passwordcheck' };
  [server, protocol] = await Promise.all([startPostgres({ settings }), startProtocol()]);
});
afterAll(() => Promise.all([server.stop(), protocol.close()]));

const begin = (options?: RoleOptions) => newRoleRotation(server, protocol, options);
type Rotation = Awaited<ReturnType<typeof begin>>;

const isPasswordChange = ({ text }: ClientMessage) => text.startsWith('ALTER ROLE');

/** The first statement that changes the password meets this fate; what comes after it passes. */
function firstChange(fate: Fate): (message: ClientMessage) => Fate {
  let met = false;
  return (message) => {
    if (met || !isPasswordChange(message)) return 'pass';
    met = true;
    return fate;
  };
}

describe('the change of the password', () => {
  it('whose answer is lost is found done by the login of the candidate', async () => {
    const rotation = await begin({ fateOf: firstChange('lose the answer') });
    await rotation.step('createSecret');
    await rotation.step('setSecret');
    expect(rotation.proxy.logins()).toEqual({ accepted: 2, refused: 0 });
    expect(rotation.statements.filter((text) => text.startsWith('ALTER ROLE'))).toHaveLength(1);
    await rotation.finish();
  });

  it.each<[string, Fate, string]>([
    ['that never arrives', 'cut', 'Unreachable'],
    ['that is never answered', 'stall', 'Unreachable'],
    ['that runs into another one', { sqlState: 'XX000', message: 'tuple concurrently updated' }, 'Unreachable'],
    ['that a replica refuses', { sqlState: '25006', message: 'read-only transaction' }, 'DatabaseRefused'],
    [
      'that the user may not make (injected: PostgreSQL itself has no such rule)',
      { sqlState: '42501', message: 'must be a member of rds_password to alter passwords' },
      'PasswordChangeForbidden',
    ],
  ])('%s fails in time, leaves all as it was, and works when repeated', async (_, fate, name) => {
    const rotation = await begin({ fateOf: firstChange(fate) });
    await rotation.step('createSecret');
    const stages = protocol.stages(rotation.arn);
    const begun = performance.now();
    expect(await rotation.failure('setSecret', 5_000)).toMatchObject({ name });
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(protocol.stages(rotation.arn)).toEqual(stages);
    expect(await rotation.logsIn(FIRST_PASSWORD)).toBe(true);
    await rotation.finish();
    expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
  });

  it('that password rules refuse frees the way for another candidate', async () => {
    const rotation = await begin({ username: 'app_user' });
    rotation.stage({ password: 'app_user' });
    expect(await rotation.failure('setSecret')).toMatchObject({ name: 'CandidateRefused' });
    expect(await rotation.logsIn(FIRST_PASSWORD)).toBe(true);
    expect(protocol.stages(rotation.arn)).not.toHaveProperty('AWSPENDING');
    rotation.restart();
    await rotation.finish();
    expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
  });
});

describe('setSecret twice at once', () => {
  it('succeeds both times, and the candidate logs in', async () => {
    for (let round = 0; round < 10; round++) {
      const rotation = await begin();
      await rotation.step('createSecret');
      const copies = await Promise.allSettled(Array.from({ length: 4 }, () => rotation.step('setSecret')));
      expect(copies.filter(({ status }) => status === 'rejected')).toEqual([]);
      expect(await rotation.logsIn(rotation.passwordIn('AWSPENDING'))).toBe(true);
      await rotation.drop();
    }
  });

  it('also when both have logged in before either changes the password', async () => {
    let arrived = 0;
    const both = Promise.withResolvers<void>();
    // Each holds its session open until the other one has asked for the settings, too.
    const rotation = await begin({
      fateOf: ({ kind, text }) => {
        if (kind === 'query' && text.startsWith('SET ROLE NONE') && ++arrived === 2) both.resolve();
        return kind === 'query' && isPasswordChange({ kind, text }) ? { after: both.promise } : 'pass';
      },
    });
    await rotation.step('createSecret');
    await Promise.all([rotation.step('setSecret'), rotation.step('setSecret')]);
    expect(arrived).toBe(2);
    expect(await rotation.logsIn(rotation.passwordIn('AWSPENDING'))).toBe(true);
  });

  it('a late copy of setSecret after the promotion changes nothing', async () => {
    const rotation = await begin();
    await rotation.finish();
    const connections = rotation.proxy.connections();
    await rotation.step('setSecret');
    expect(rotation.proxy.connections()).toBe(connections);
    expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
  });
});

describe('none of the staged passwords logs in', () => {
  /** AWSPENDING was cleared after its password had been set: the role has the password of a version without a label. */
  async function forgotten(): Promise<{ rotation: Rotation; version: string }> {
    const rotation = await begin();
    await rotation.step('createSecret');
    await rotation.step('setSecret');
    const version = rotation.token;
    await protocol.client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: rotation.arn,
        VersionStage: 'AWSPENDING',
        RemoveFromVersionId: version,
      }),
    );
    rotation.restart();
    await rotation.step('createSecret');
    return { rotation, version };
  }

  it('is NoWorkingPassword that names place, user and the labels tried, and leaves everything as it was', async () => {
    const { rotation, version } = await forgotten();
    const before = [protocol.stages(rotation.arn), rotation.textIn('AWSCURRENT'), rotation.textIn('AWSPENDING')];
    const changes = rotation.statements.length;
    const error = await rotation.failure('setSecret');
    expect(error.name).toBe('NoWorkingPassword');
    const { host, port } = rotation.proxy;
    for (const part of [`${host}:${port}`, 'app', 'AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS', rotation.arn]) {
      expect(error.message).toContain(part);
    }
    expect([protocol.stages(rotation.arn), rotation.textIn('AWSCURRENT'), rotation.textIn('AWSPENDING')]).toEqual(
      before,
    );
    expect(rotation.statements).toHaveLength(changes);
    expect(await rotation.logsIn(rotation.passwordIn(version))).toBe(true);
  });

  it('and its commands, carried out, make the next try succeed', async () => {
    const { rotation } = await forgotten();
    const { message } = await rotation.failure('setSecret');

    const list = commandIn(message, 'list-secret-version-ids');
    expect(list).toHaveProperty('include-deprecated');
    const { Versions = [] } = await protocol.client.send(
      new ListSecretVersionIdsCommand({ SecretId: list['secret-id'], IncludeDeprecated: true }),
    );
    const working: string[] = [];
    for (const { VersionId = '' } of Versions) {
      const { SecretString = '' } = await protocol.client.send(
        new GetSecretValueCommand({ SecretId: list['secret-id'], VersionId }),
      );
      if (await rotation.logsIn(JSON.parse(SecretString).password)) working.push(VersionId);
    }
    expect(working).toHaveLength(1);

    const label = commandIn(message, 'update-secret-version-stage');
    expect(label['move-to-version-id']).toBe('VERSION');
    await protocol.client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: label['secret-id'],
        VersionStage: label['version-stage'],
        MoveToVersionId: working[0],
        RemoveFromVersionId: label['remove-from-version-id'],
      }),
    );

    await rotation.finish();
    expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
  });
});

/** The options of an `aws secretsmanager` command that stands in a text. */
function commandIn(text: string, command: string): Readonly<Record<string, string>> {
  const [, options = ''] =
    new RegExp(`aws secretsmanager ${command} ((?:--[a-z-]+(?: [^\\s-][^\\s]*)? ?)+)`).exec(text) ?? [];
  const pairs = [...options.matchAll(/--([a-z-]+)(?: ([^\s-]\S*))?/g)];
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value.replace(/\.$/, '')]));
}
