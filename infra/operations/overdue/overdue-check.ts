import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { paginateListSecrets, type SecretListEntry, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { serviceAnswer } from '../../../shared/aws/service-answer.ts';
import { SecretsManagerRefused, SecretsManagerUnavailable } from '../../../shared/errors.ts';
import { logger, metrics } from '../../../shared/observability.ts';
import { daysOverdue } from './days-overdue.ts';

/** The part of Lambda's context that is used. */
export interface LambdaContext {
  readonly functionName: string;
}

/**
 * Looks at every secret of the account and region whose rotation is on, and publishes how many days each is overdue. It
 * reads no secret value. What the metrics cannot say stands in the log: which secrets are overdue, and since when.
 */
export function overdueCheck(client: SecretsManagerClient, now: () => Date = () => new Date()) {
  return async (_event: unknown, { functionName }: LambdaContext): Promise<void> => {
    try {
      const rotated = (await listSecrets(client)).filter(isRotatedHere);
      const checked = rotated.map((secret) => ({ secret, days: daysOverdue(secret, now()) }));
      for (const { secret, days } of checked) report(secret, days);
      publish(
        { function: functionName },
        { MaximumDaysOverdue: Math.max(0, ...checked.map(({ days }) => days ?? 0)), RotatedSecrets: rotated.length },
      );
      logger.info(`${rotated.length} secrets with rotation were looked at`);
    } catch (error) {
      logger.error('The check did not end, so nobody knows which secrets are overdue', { error });
      throw error;
    }
  };
}

/** A replica rotates with its primary, in the primary's region. */
function isRotatedHere({ RotationEnabled, PrimaryRegion }: SecretListEntry): boolean {
  return RotationEnabled === true && (PrimaryRegion ?? process.env['AWS_REGION']) === process.env['AWS_REGION'];
}

function report(secret: SecretListEntry, days: number | undefined): void {
  const { Name = '', ARN: secretArn, LastRotatedDate, NextRotationDate } = secret;
  const dates = { lastRotated: LastRotatedDate ?? 'never', nextRotation: NextRotationDate ?? 'none' };
  if (days === undefined) {
    logger.warn(
      'Rotation is on, but without a schedule: it happens only when somebody asks for it. Set rotation rules.',
      {
        secretArn,
        ...dates,
      },
    );
    return;
  }
  if (days > 0) {
    logger.warn(
      `${Name} should have rotated ${days.toFixed(1)} days ago. Look for RotationFailed in CloudTrail and for its ARN in the log of its function, then rotate it by hand.`,
      { secretArn, ...dates },
    );
  }
  publish({ secret: Name }, { DaysOverdue: days });
}

function publish(dimensions: Record<string, string>, values: Readonly<Record<string, number>>): void {
  metrics.addDimensions(dimensions);
  for (const [name, value] of Object.entries(values)) metrics.addMetric(name, MetricUnit.Count, value);
  metrics.publishStoredMetrics();
}

async function listSecrets(client: SecretsManagerClient): Promise<readonly SecretListEntry[]> {
  try {
    const secrets: SecretListEntry[] = [];
    for await (const page of paginateListSecrets({ client, pageSize: 100 }, {}))
      secrets.push(...(page.SecretList ?? []));
    return secrets;
  } catch (error) {
    const answer = serviceAnswer(error);
    if (answer?.definitive) {
      throw new SecretsManagerRefused(
        `ListSecrets was refused: ${answer.name}: ${answer.message} Allow the check's role secretsmanager:ListSecrets on "*".`,
        answer.name,
        { cause: error },
      );
    }
    throw new SecretsManagerUnavailable(
      'ListSecrets had no usable answer. Check region, endpoint and network of the check; Lambda repeats it twice.',
      { cause: error },
    );
  }
}
