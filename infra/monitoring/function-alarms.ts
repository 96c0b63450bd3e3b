import type { Duration } from 'aws-cdk-lib';
import { Alarm, type AlarmProps, ComparisonOperator, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { failedSteps, lambdaMetric } from './rotation-metrics.ts';

/** A deployed rotation function, as far as it is watched. */
export interface WatchedFunction {
  readonly name: string;
  readonly timeout: Duration;
  /** Where it logs one line for each step; feeds the dashboard. */
  readonly logGroupName?: string;
}

/** Of the time limit. A step gives up 2.5 s before it (`shared/rotation/deadline.ts`), so that it can still say why. */
const NEAR_THE_LIMIT = 0.8;

/**
 * What can be seen of one function. No data means that nothing rotated, which is no fault: rotations that should have come
 * are the overdue check's business.
 */
export class FunctionAlarms extends Construct {
  readonly alarms: readonly Alarm[];

  /** @param id names the function in descriptions: the folder of `functions/` that it was built from */
  constructor(scope: Construct, id: string, { name, timeout }: WatchedFunction) {
    super(scope, id);
    const occurs = { comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD, threshold: 0 };
    this.alarms = [
      this.alarm('FailedSteps', {
        ...occurs,
        alarmDescription: `${id}: a step of a rotation failed. The alarm's contributor is the error code; the README says for each what to do. The secret's current value is untouched.`,
        metric: failedSteps(name),
      }),
      this.alarm('Errors', {
        ...occurs,
        alarmDescription: `${id}: an invocation ended in an error. If the alarm about failed steps is silent, the function died before it could say why (time-out, out of memory, no network interface): read its log.`,
        metric: lambdaMetric(name, 'Errors', Stats.SUM),
      }),
      this.alarm('Throttles', {
        ...occurs,
        alarmDescription: `${id}: Lambda refused an invocation. Raise the function's reserved concurrency or the account's; Secrets Manager repeats the rotation.`,
        metric: lambdaMetric(name, 'Throttles', Stats.SUM),
      }),
      this.alarm('Duration', {
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        threshold: timeout.toMilliseconds() * NEAR_THE_LIMIT,
        alarmDescription: `${id}: a step took more than ${NEAR_THE_LIMIT * 100} % of the time limit of ${timeout.toSeconds()} s. Look in its log for what is slow, or raise the limit before steps end in OutOfTime.`,
        metric: lambdaMetric(name, 'Duration', Stats.MAXIMUM),
      }),
    ];
  }

  private alarm(id: string, props: Omit<AlarmProps, 'evaluationPeriods'>): Alarm {
    return new Alarm(this, id, { evaluationPeriods: 1, treatMissingData: TreatMissingData.NOT_BREACHING, ...props });
  }
}
