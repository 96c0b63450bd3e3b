import { CreateSecretCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { beforeAll, describe, expect, it } from 'vitest';
import { overdueCheck } from '../../../infra/operations/overdue/overdue-check.ts';
import { startSecretsManager } from '../../../local/secrets-manager/server.ts';
import { Unreachable } from '../../../shared/errors.ts';
import { STEPS } from '../../../shared/rotation/event.ts';
import { rotationHandler } from '../../../shared/rotation/handler.ts';
import { functionArn, functionHost } from '../../local/secrets-manager/functions.ts';
import { captureOutput } from '../../support/captured-output.ts';
import { clientFor, invokeStep, startProtocol } from '../../support/protocol.ts';
import { targetStrategy } from '../../support/target.ts';
import { metricKey, metricsOfAlarms, metricsOfDashboard, type UsedMetric } from './used-metrics.ts';
import { monitoringTemplate } from './watched.ts';

/** What AWS's own services publish, of what is used here; the dimensions are all that each metric has. */
const vended: readonly UsedMetric[] = [
  // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
  ...['Errors', 'Throttles', 'Duration'].map((name) => ({
    namespace: 'AWS/Lambda',
    name,
    dimensions: ['FunctionName'],
  })),
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
  { namespace: 'AWS/SQS', name: 'ApproximateNumberOfMessagesVisible', dimensions: ['QueueName'] },
];

/** What the code itself emits, read from what it writes. */
async function emitted(): Promise<readonly UsedMetric[]> {
  const output = captureOutput();
  try {
    await rotateWellAndBadly();
    await checkASecret();
    return output.metrics().map(({ namespace, name, dimensions }) => ({
      namespace,
      name,
      dimensions: Object.keys(dimensions),
    }));
  } finally {
    output.restore();
  }
}

/** Every way in which a step can end: well, failed, and promoted with something left to retire. */
async function rotateWellAndBadly(): Promise<void> {
  const protocol = await startProtocol();
  const fail = async () => {
    throw new Unreachable('Nobody answers.');
  };
  const strategy = { ...targetStrategy({ accepts: 'first', did: [] }), finish: fail };
  const arn = protocol.createSecret('first');
  const token = protocol.beginRotation(arn);
  for (const step of STEPS) await invokeStep(rotationHandler(strategy, protocol.client), step, arn, token);
  const failing = rotationHandler({ ...strategy, create: fail }, protocol.client);
  const second = protocol.createSecret('first');
  await invokeStep(failing, 'createSecret', second, protocol.beginRotation(second)).catch(() => undefined);
  await protocol.close();
}

async function checkASecret(): Promise<void> {
  const service = await startSecretsManager({ functions: functionHost(() => undefined).host });
  const client = clientFor(service.endpoint);
  await client.send(new CreateSecretCommand({ Name: 'one', SecretString: 'value' }));
  await client.send(
    new RotateSecretCommand({
      SecretId: 'one',
      RotationLambdaARN: functionArn,
      RotationRules: { AutomaticallyAfterDays: 1 },
      RotateImmediately: false,
    }),
  );
  await overdueCheck(client)({}, { functionName: 'check' });
  client.destroy();
  await service.close();
}

const template = monitoringTemplate();
let existing: ReadonlySet<string>;

beforeAll(async () => {
  existing = new Set([...vended, ...(await emitted())].map(metricKey));
});

describe('a metric exists for', () => {
  it.each([...metricsOfAlarms(template).keys()])('the alarm %s', (id) => {
    const used = metricsOfAlarms(template).get(id) ?? [];
    expect(used.length).toBeGreaterThan(0);
    expect(used.map(metricKey).filter((key) => !existing.has(key))).toEqual([]);
  });

  it.each(metricsOfDashboard(template).map(metricKey))('the graph of %s', (key) => {
    expect(existing).toContain(key);
  });
});

describe('a metric does not exist', () => {
  it.each([
    ['of another name', { namespace: 'SecretRotation', name: 'RotationFailed', dimensions: ['function', 'step'] }],
    ['without the step', { namespace: 'SecretRotation', name: 'RotationStepFailed', dimensions: ['function'] }],
    ['in the namespace of the service', { namespace: 'AWS/SecretsManager', name: 'RotationFailed', dimensions: [] }],
  ])('%s', (_, metric) => {
    expect(existing).not.toContain(metricKey(metric));
  });
});
