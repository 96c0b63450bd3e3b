import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';

/** Where `shared/observability.ts` publishes, unless POWERTOOLS_METRICS_NAMESPACE of a function says otherwise. */
export const NAMESPACE = 'SecretRotation';

const FIVE_MINUTES = Duration.minutes(5);

/**
 * One time series for each error code that a step of this function failed with. A query instead of one metric for each of
 * the error codes and steps: those exist only once they have happened.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Metrics_Insights_Alarm.html
 */
export function failedSteps(functionName: string): MathExpression {
  return insight(
    `SELECT SUM(RotationStepFailed) FROM SCHEMA("${NAMESPACE}", errorCode, "function", step) WHERE "function" = '${functionName}' GROUP BY errorCode ORDER BY SUM() DESC`,
  );
}

/** One time series for each function that could not retire what its rotation replaced. */
export function failedRetirements(): MathExpression {
  return insight(
    `SELECT SUM(RetirementFailed) FROM SCHEMA("${NAMESPACE}", "function", step) GROUP BY "function" ORDER BY SUM() DESC`,
  );
}

export function completedRotations(functionName: string): Metric {
  return new Metric({
    namespace: NAMESPACE,
    metricName: 'RotationCompleted',
    dimensionsMap: { function: functionName, step: 'finishSecret' },
    statistic: Stats.SUM,
    period: Duration.days(1),
  });
}

/** What Lambda itself counts of a function, every invocation that dies without a word included. */
export function lambdaMetric(
  functionName: string,
  metricName: 'Duration' | 'Errors' | 'Throttles',
  statistic: string,
): Metric {
  return new Metric({
    namespace: 'AWS/Lambda',
    metricName,
    dimensionsMap: { FunctionName: functionName },
    statistic,
    period: FIVE_MINUTES,
  });
}

/** What the daily check says of all secrets together. */
export function checkMetric(
  checkName: string,
  metricName: 'MaximumDaysOverdue' | 'RotatedSecrets',
  { statistic, period }: { readonly statistic: string; readonly period: Duration },
): Metric {
  return new Metric({
    namespace: NAMESPACE,
    metricName,
    dimensionsMap: { function: checkName },
    statistic,
    period,
  });
}

/**
 * All metrics of a name, whatever their dimensions' values: for graphs, where alarms cannot go and a query sees only two
 * weeks.
 */
export function allMetrics(
  metricName: string,
  dimensions: readonly string[],
  statistic: string,
  period: Duration,
): MathExpression {
  return new MathExpression({
    expression: `SEARCH('{${[NAMESPACE, ...dimensions].join(',')}} MetricName="${metricName}"', '${statistic}', ${period.toSeconds()})`,
    period,
    label: '',
  });
}

function insight(query: string): MathExpression {
  return new MathExpression({ expression: query, period: FIVE_MINUTES });
}
