import { Duration, Validations } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { bundleOf } from '../bundle.ts';
import { checkMetric } from './rotation-metrics.ts';

export interface OverdueCheckProps {
  /** The folder that `npm run build` wrote for it; `dist/operations-overdue` unless given. */
  readonly bundle?: string;
}

/** The check runs daily: an alarm that heard nothing for longer than this has missed one for certain. */
const SILENCE = { period: Duration.hours(6), evaluationPeriods: 5 };

/**
 * Looks once a day at every secret of the account and region that has rotation on, and warns of those that should have
 * rotated: nothing else shows a rotation that never even starts.
 */
export class OverdueCheck extends Construct {
  readonly name: string;
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, { bundle = 'dist/operations-overdue' }: OverdueCheckProps = {}) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Log', { retention: RetentionDays.THREE_MONTHS });
    const lambda = new LambdaFunction(this, 'Function', {
      description: 'Counts daily how many days each secret is overdue for rotation',
      code: bundleOf(bundle),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      timeout: Duration.minutes(2),
      memorySize: 256,
      role: checkRole(this, logGroup),
      logGroup,
    });
    this.name = lambda.functionName;
    new Rule(this, 'Daily', {
      description: 'Look for secrets that are overdue for rotation',
      // Not on the hour, when everybody asks; windows of days close at midnight UTC.
      schedule: Schedule.cron({ hour: '5', minute: '17' }),
      targets: [new LambdaTarget(lambda, { retryAttempts: 2 })],
    });
    this.alarms = [overdueAlarm(this, this.name), silentAlarm(this, this.name)];
  }
}

/** All that the check may do. */
export function overduePolicy(logStreams: string): PolicyStatement[] {
  return [
    new PolicyStatement({
      sid: 'WriteOwnLog',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logStreams],
    }),
    // ListSecrets knows no resource; it shows names, tags and dates, and never a value.
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
    new PolicyStatement({ sid: 'ListSecrets', actions: ['secretsmanager:ListSecrets'], resources: ['*'] }),
  ];
}

function checkRole(scope: Construct, logGroup: LogGroup): Role {
  const role = new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: {
      // The group's ARN ends in `:*`, its streams.
      Check: new PolicyDocument({ statements: overduePolicy(logGroup.logGroupArn) }),
    },
  });
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'secretsmanager:ListSecrets can be granted on "*" only. It shows names, tags and dates, and never a value.',
  });
  return role;
}

function overdueAlarm(scope: Construct, checkName: string): Alarm {
  return new Alarm(scope, 'Overdue', {
    alarmDescription:
      'A secret should have rotated more than a day ago. The log of the check names it; look for its RotationFailed events, then rotate it: aws secretsmanager rotate-secret --secret-id NAME.',
    metric: checkMetric(checkName, 'MaximumDaysOverdue', { statistic: Stats.MAXIMUM, period: Duration.hours(1) }),
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    threshold: 1,
    evaluationPeriods: 1,
    // What was true this morning holds until the next check.
    treatMissingData: TreatMissingData.IGNORE,
  });
}

function silentAlarm(scope: Construct, checkName: string): Alarm {
  return new Alarm(scope, 'Silent', {
    alarmDescription:
      'The daily check has not come to its end for more than a day, so nobody knows which rotations are overdue. Read its log and the metrics of its rule.',
    metric: checkMetric(checkName, 'RotatedSecrets', { statistic: Stats.SAMPLE_COUNT, period: SILENCE.period }),
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    threshold: 1,
    evaluationPeriods: SILENCE.evaluationPeriods,
    treatMissingData: TreatMissingData.BREACHING,
  });
}
