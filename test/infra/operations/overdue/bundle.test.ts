import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateSecretCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { type Bundle, buildOperations } from '../../../../build.ts';
import { startLambdaHost } from '../../../../local/lambda-host.ts';
import { functionArn, functionHost } from '../../../local/secrets-manager/functions.ts';
import { startService, stoppedClock } from '../../../local/secrets-manager/service.ts';

let dist = '';
let bundles: readonly Bundle[] = [];

beforeAll(async () => {
  dist = await mkdtemp(join(tmpdir(), 'operations-'));
  bundles = await buildOperations({ dist });
});

afterAll(() => rm(dist, { recursive: true }));

it('the built check runs as a Lambda does, and finds a secret that should have rotated years ago', async () => {
  const { clock } = stoppedClock('2020-01-01T12:00:00Z');
  const { service, client } = await startService({ functions: functionHost(() => undefined).host, clock });
  await client.send(new CreateSecretCommand({ Name: 'forgotten', SecretString: 'value' }));
  await client.send(
    new RotateSecretCommand({
      SecretId: 'forgotten',
      RotationLambdaARN: functionArn,
      RotationRules: { AutomaticallyAfterDays: 30 },
      RotateImmediately: false,
    }),
  );
  const host = startLambdaHost({
    dist,
    environment: {
      AWS_ENDPOINT_URL: service.endpoint,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    },
  });
  onTestFinished(() => host.close());
  const invocation = await host.invoke('operations-overdue', { source: 'aws.events' });
  expect(invocation.outcome).toBe('returned');
  const lines = invocation.log.map((line): Record<string, unknown> => JSON.parse(line));
  const atLeastYears = expect.toSatisfy((days) => days > 5 * 365);
  expect(lines).toContainEqual(expect.objectContaining({ secret: 'forgotten', DaysOverdue: atLeastYears }));
  expect(lines).toContainEqual(
    expect.objectContaining({ function: 'operations-overdue', MaximumDaysOverdue: atLeastYears, RotatedSecrets: 1 }),
  );
});

it('the bundles beside the functions are one for each folder of infra/operations/, and hold no rotation', () => {
  expect(bundles.map(({ functionName }) => functionName)).toEqual(['operations-overdue']);
  const sources = bundles.flatMap((bundle) => [...bundle.sources.keys()]);
  expect(sources.filter((path) => /^shared\/(rotation|strategies|engines|providers)\//.test(path))).toEqual([]);
  expect(sources).toContain('infra/operations/overdue/overdue-check.ts');
});
