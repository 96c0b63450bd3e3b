import { describe, expect, it, onTestFinished } from 'vitest';
import { SUPERUSER } from '../../support/alternating-roles.ts';
import { type Fate, startFaultyService } from '../../support/faulty-service.ts';
import { dropRoles, newName } from '../../support/pair-rotation.ts';
import { type PairRotation, pairSetting } from '../../support/pair-setting.ts';
import { clientFor } from '../../support/protocol.ts';

const { server, protocol, begin, refusal } = await pairSetting();

/** What the error says to run, run by somebody who may. */
async function runWhatItSays({ message }: Error): Promise<void> {
  const [, sql] = /user run: (.*;) then/.exec(message) ?? [];
  await server.query(sql ?? 'the error names no statement');
}

describe('a superuser that may not', () => {
  it('administer the first user, which others made, is refused; the statements of the error help', async () => {
    const name = newName();
    const lacking = `dba "${name}"`;
    await server.query(`CREATE ROLE "dba ""${name}""" LOGIN PASSWORD 'of the dba'`);
    onTestFinished(() => dropRoles(server, lacking));
    const rotation = await begin({
      first: name,
      superuserFields: { username: lacking, password: 'of the dba' },
    });
    const error = await refusal(rotation);
    expect(error.name).toBe('SuperuserRefused');
    await runWhatItSays(error);
    await rotation.finish();
    expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
    await server.query(`DROP ROLE "${rotation.clone}"`);
  });

  it('administer the clone, which others made, is refused; the statements of the error help', async () => {
    const rotation = await begin({ current: 'clone' });
    const [row] = await server.query(
      `SELECT grantor::regrole::text FROM pg_auth_members WHERE roleid = '${rotation.clone}'::regrole AND member = '${SUPERUSER.username}'::regrole`,
    );
    await server.query(`REVOKE ${rotation.clone} FROM ${SUPERUSER.username} GRANTED BY ${row?.['grantor']} CASCADE`);
    const error = await refusal(rotation);
    expect(error.name).toBe('SuperuserRefused');
    await runWhatItSays(error);
    await rotation.finish();
    expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
  });

  it.each(['log_statement', 'app.tenant'])(
    'give the clone the setting %s of the first user is refused; the statement of the error helps',
    async (name) => {
      const rotation = await begin();
      await server.query(`ALTER ROLE ${rotation.first} SET ${name} = 'all'`);
      onTestFinished(
        async () => void (await server.query(`REVOKE SET ON PARAMETER ${name} FROM ${SUPERUSER.username}`)),
      );
      const error = await refusal(rotation);
      expect(error).toMatchObject({ name: 'SuperuserRefused', message: expect.stringContaining(name) });
      await runWhatItSays(error);
      await rotation.finish();
    },
  );
});

describe("the superuser's secret", () => {
  const wrong: readonly [string, Readonly<Record<string, unknown>>, string, RegExp][] = [
    ['has a wrong password', { password: 'no longer the one' }, 'SuperuserRefused', /rotation_superuser.*masterarn/],
    ['is for somebody who is not there', { username: 'nobody' }, 'SuperuserRefused', /nobody/],
    ['has no password', { password: undefined }, 'InvalidSecret', /superuser's secret arn:.*"password"/],
    ['is for another engine', { engine: 'mysql' }, 'InvalidSecret', /superuser's secret arn:.*"engine"/],
    ['is for another host', { host: 'elsewhere.example' }, 'SuperuserRefused', /127\.0\.0\.1:\d+.*elsewhere\.example:/],
    ['is for another port', { port: 6543 }, 'SuperuserRefused', /127\.0\.0\.1:\d+.*127\.0\.0\.1:6543/],
  ];

  it.each(wrong)('that %s is named, and nothing is changed', async (_, superuserFields, name, said) => {
    const rotation = await begin({ superuserFields });
    expect(await refusal(rotation)).toMatchObject({ name, message: expect.stringMatching(said) });
    expect(rotation.statements).toEqual([]);
  });

  it.each(['first', 'clone'] as const)(
    'that is for the %s user itself is refused before any connection',
    async (who) => {
      const first = newName();
      const username = who === 'first' ? first : `${first}_clone`;
      const rotation = await begin({ first, superuserFields: { username, password: 'anything' } });
      expect(await refusal(rotation)).toMatchObject({
        name: 'SuperuserRefused',
        message: expect.stringContaining(username),
      });
      expect(rotation.proxy.connections()).toBe(0);
    },
  );

  it('that is no JSON is named by its ARN', async () => {
    const rotation = await begin();
    await rotation.put(rotation.superuserArn, 'not JSON, but secret');
    const error = await refusal(rotation);
    expect(error).toMatchObject({ name: 'InvalidSecret', message: expect.stringContaining(rotation.superuserArn) });
    expect(error.message).not.toContain('but secret');
  });

  it('that is not there is named by its ARN', async () => {
    const masterarn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:gone-AbCdEf';
    const rotation = await begin({ fields: { masterarn } });
    expect(await refusal(rotation)).toMatchObject({
      name: 'SecretsManagerRefused',
      message: expect.stringMatching(new RegExp(`${masterarn}.*ResourceNotFoundException`)),
    });
  });

  it('that the function may not read is named by its ARN', async () => {
    const denied = { status: 400, type: 'AccessDeniedException', message: 'not authorized' };
    let reads = 0;
    // setSecret reads the candidate, AWSCURRENT, and then the superuser's secret.
    const fate = (operation: string): Fate => (operation === 'GetSecretValue' && ++reads === 4 ? denied : 'answered');
    const service = await startFaultyService(fate, protocol.service.endpoint);
    const client = clientFor(service.endpoint);
    onTestFinished(async () => {
      client.destroy();
      await service.close();
    });
    const rotation = await begin({ client });
    expect(await refusal(rotation)).toMatchObject({
      name: 'SecretsManagerRefused',
      message: expect.stringMatching(new RegExp(`${rotation.superuserArn}.*AccessDenied`)),
    });
  });
});

describe('a superuser that is being rotated at this moment', () => {
  /** The first read gives an old password; by the time that the superuser logs in, its secret has this one. */
  async function rotatedMeanwhile(password: string): Promise<PairRotation> {
    let logins = 0;
    const rotation: PairRotation = await begin({
      superuserFields: { password: 'the one before' },
      fateOf: ({ kind }) => {
        if (kind !== 'startup' || ++logins !== 2) return 'pass';
        const text = protocol.valueOf(rotation.superuserArn, 'AWSCURRENT') ?? '';
        const after = rotation.put(rotation.superuserArn, JSON.stringify({ ...JSON.parse(text), password }));
        return { after };
      },
    });
    return rotation;
  }

  it('is read once more, and the rotation goes on with its new password', async () => {
    const rotation = await rotatedMeanwhile(SUPERUSER.password);
    await rotation.finish();
    expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
    expect(rotation.proxy.logins()).toEqual({ accepted: 3, refused: 1 });
  });

  it('and whose new password is refused, too, is SuperuserRefused after two tries', async () => {
    const rotation = await rotatedMeanwhile('another wrong one');
    expect(await refusal(rotation)).toMatchObject({ name: 'SuperuserRefused' });
    expect(rotation.proxy.logins()).toEqual({ accepted: 1, refused: 2 });
  });
});

describe('a current user whose login is refused', () => {
  it('because its VALID UNTIL has passed is told so; the statement of the error helps', async () => {
    const rotation = await begin();
    await server.query(`ALTER ROLE ${rotation.first} VALID UNTIL '2001-01-01'`);
    const error = await refusal(rotation);
    expect(error.name).toBe('CurrentLoginRefused');
    const [, sql = ''] = /If it has passed: (ALTER ROLE .*?), as a superuser/.exec(error.message) ?? [];
    await server.query(sql);
    await rotation.finish();
  });
});
