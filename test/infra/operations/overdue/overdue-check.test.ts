import {
  CancelRotateSecretCommand,
  CreateSecretCommand,
  RotateSecretCommand,
  type RotationRulesType,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { overdueCheck } from '../../../../infra/operations/overdue/overdue-check.ts';
import { secretsManagerClient } from '../../../../shared/secrets/secrets-manager-client.ts';
import { functionArn, functionHost } from '../../../local/secrets-manager/functions.ts';
import { startService, stoppedClock } from '../../../local/secrets-manager/service.ts';
import { type CapturedOutput, captureOutput } from '../../../support/captured-output.ts';
import { type Fate, startFaultyService } from '../../../support/faulty-service.ts';

let output: CapturedOutput;

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
  output = captureOutput();
});

afterEach(() => {
  output.restore();
  vi.unstubAllEnvs();
});

const tenDays = { AutomaticallyAfterDays: 10 };

/** A service on 1 March with these secrets; none of them ever rotates. */
async function secretsOnFirstOfMarch(secrets: Readonly<Record<string, RotationRulesType | 'no rotation'>>) {
  const { clock, moveTo } = stoppedClock('2026-03-01T12:00:00Z');
  const { client } = await startService({ functions: functionHost(() => undefined).host, clock });
  for (const [Name, rules] of Object.entries(secrets)) {
    await client.send(new CreateSecretCommand({ Name, SecretString: 'never to be seen' }));
    if (rules === 'no rotation') continue;
    await client.send(
      new RotateSecretCommand({
        SecretId: Name,
        RotationLambdaARN: functionArn,
        RotationRules: rules,
        RotateImmediately: false,
      }),
    );
  }
  const checkAt = async (time: string) => {
    moveTo(time);
    await overdueCheck(client, clock)({}, { functionName: 'overdue' });
    return output.metrics().map(({ name, dimensions, value }) => ({ name, dimensions, value }));
  };
  return { client, checkAt };
}

const ofCheck = (name: string, value: number) => ({ name, dimensions: { function: 'overdue' }, value });
const daysOf = (secret: string, value: unknown) => ({ name: 'DaysOverdue', dimensions: { secret }, value });

describe('the daily check', () => {
  it('counts the days of every secret that rotates, the most of them, and the secrets', async () => {
    const { client, checkAt } = await secretsOnFirstOfMarch({
      late: tenDays,
      'in-time': { ScheduleExpression: 'rate(30 days)' },
      plain: 'no rotation',
      'switched-off': tenDays,
    });
    await client.send(new CancelRotateSecretCommand({ SecretId: 'switched-off' }));
    const metrics = await checkAt('2026-03-14T23:59:59Z'); // due at the end of the 11th
    expect(metrics).toHaveLength(4);
    expect(metrics).toEqual(
      expect.arrayContaining([
        daysOf('late', 3),
        daysOf('in-time', 0),
        ofCheck('MaximumDaysOverdue', 3),
        ofCheck('RotatedSecrets', 2),
      ]),
    );
    expect(new Set(output.metrics().map(({ namespace, unit }) => `${namespace} ${unit}`))).toEqual(
      new Set(['SecretRotation Count']),
    );
  });

  it('names in its log those that are overdue, with what to do, and no value', async () => {
    const { checkAt } = await secretsOnFirstOfMarch({ late: tenDays, 'in-time': { AutomaticallyAfterDays: 60 } });
    await checkAt('2026-03-14T23:59:59Z');
    const warnings = output.logs().filter(({ level }) => level === 'WARN');
    expect(warnings).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(/^late should have rotated 3\.0 days ago\..*rotate it by hand/),
        secretArn: expect.stringMatching(/:secret:late-\w{6}$/),
        lastRotated: 'never',
      }),
    ]);
    expect(output.text()).not.toContain('never to be seen');
  });

  it('says which secrets have no schedule: it cannot tell their days', async () => {
    const { checkAt } = await secretsOnFirstOfMarch({ 'by-hand': {} });
    expect(await checkAt('2026-05-01T00:00:00Z')).toEqual([
      ofCheck('MaximumDaysOverdue', 0),
      ofCheck('RotatedSecrets', 1),
    ]);
    expect(output.logs()[0]).toMatchObject({ level: 'WARN', message: expect.stringContaining('without a schedule') });
  });

  it('tells that it ran where nothing rotates', async () => {
    const { checkAt } = await secretsOnFirstOfMarch({});
    expect(await checkAt('2026-03-01T12:00:00Z')).toEqual([
      ofCheck('MaximumDaysOverdue', 0),
      ofCheck('RotatedSecrets', 0),
    ]);
  });

  it('reads every page of the list', async () => {
    const names = Array.from({ length: 101 }, (_, index) => `secret-${index}`);
    const { checkAt } = await secretsOnFirstOfMarch(Object.fromEntries(names.map((name) => [name, tenDays])));
    const metrics = await checkAt('2026-03-14T23:59:59Z');
    expect(metrics).toEqual(
      expect.arrayContaining([...names.map((name) => daysOf(name, 3)), ofCheck('RotatedSecrets', 101)]),
    );
  });

  it('leaves replicas to the region of their primary', async () => {
    const { checkAt, client } = await secretsOnFirstOfMarch({ replica: tenDays });
    client.middlewareStack.add((next) => async (call) => {
      const answer = await next(call);
      const { SecretList } = Object(answer.output);
      for (const secret of SecretList ?? []) secret.PrimaryRegion = 'eu-central-1';
      return answer;
    });
    expect(await checkAt('2026-03-14T23:59:59Z')).toContainEqual(ofCheck('RotatedSecrets', 0));
  });
});

describe('a check that cannot list the secrets', () => {
  it.each<[string, Fate, string, RegExp]>([
    [
      'is refused',
      { status: 400, type: 'AccessDeniedException', message: 'No.' },
      'SecretsManagerRefused',
      /AccessDeniedException: No\. Allow the check's role secretsmanager:ListSecrets on "\*"/,
    ],
    ['has no answer', 'dropped', 'SecretsManagerUnavailable', /Check region, endpoint and network/],
    [
      'is throttled',
      { status: 400, type: 'ThrottlingException' },
      'SecretsManagerUnavailable',
      /Check region, endpoint and network/,
    ],
  ])('because it %s fails, says what to do, and publishes nothing', async (_, fate, name, remedy) => {
    const service = await startFaultyService(() => fate);
    onTestFinished(() => service.close());
    const client = secretsManagerClient({
      AWS_ENDPOINT_URL: service.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_MAX_ATTEMPTS: '1',
    });
    onTestFinished(() => client.destroy());
    await expect(overdueCheck(client)({}, { functionName: 'overdue' })).rejects.toMatchObject({
      name,
      message: expect.stringMatching(remedy),
    });
    expect(output.metrics()).toEqual([]);
    expect(output.logs()).toEqual([expect.objectContaining({ level: 'ERROR' })]);
  });
});
