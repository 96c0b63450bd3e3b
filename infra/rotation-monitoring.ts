import { CfnOutput } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { FunctionAlarms, type WatchedFunction } from './monitoring/function-alarms.ts';
import { NotificationTopic } from './monitoring/notification-topic.ts';
import { OverdueCheck } from './monitoring/overdue-check.ts';
import { RotationDashboard } from './monitoring/rotation-dashboard.ts';
import { RotationEvents } from './monitoring/rotation-events.ts';
import { failedRetirements } from './monitoring/rotation-metrics.ts';
import { RotationTrail } from './monitoring/rotation-trail.ts';

export interface RotationMonitoringProps {
  /** The rotation functions, by the folder of `functions/` that each was built from. */
  readonly functions: Readonly<Record<string, WatchedFunction>>;
  /** Who is told by mail. */
  readonly emails?: readonly string[];
  /**
   * Rotation events reach EventBridge only through a CloudTrail trail of this region that logs write events. `existing`
   * relies on one that the account or its organization has; `create` makes one.
   */
  readonly trail: 'existing' | 'create';
  /** Where the daily check was built; `dist/operations-overdue` unless given. */
  readonly overdueCheckBundle?: string;
}

/**
 * Tells people of rotations that failed, are slow, are throttled, or never ran. Once in an account and region: it hears of
 * every secret there, so a second one would tell everything twice.
 */
export class RotationMonitoring extends Construct {
  /** Where all notifications go; add other subscriptions to its `topic`. */
  readonly notifications: NotificationTopic;
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: RotationMonitoringProps) {
    super(scope, id);
    this.notifications = new NotificationTopic(this, 'Notifications', { emails: props.emails ?? [] });
    const events = new RotationEvents(this, 'Events', this.notifications);
    const check = new OverdueCheck(this, 'OverdueCheck', {
      ...(props.overdueCheckBundle !== undefined && { bundle: props.overdueCheckBundle }),
    });
    this.alarms = [
      ...check.alarms,
      ...Object.entries(props.functions).flatMap(([kind, watched]) => new FunctionAlarms(this, kind, watched).alarms),
      this.retirementAlarm(),
      events.undeliveredAlarm,
    ];
    for (const alarm of this.alarms) this.notifications.notifyOf(alarm);
    new RotationDashboard(this, 'Dashboard', {
      alarms: this.alarms,
      functions: props.functions,
      checkName: check.name,
    });
    if (props.trail === 'create') new RotationTrail(this, 'Trail');
    new CfnOutput(this, 'TrailOfRotationEvents', {
      value:
        props.trail === 'create'
          ? 'created by this stack'
          : 'needed, and not created by this stack: a CloudTrail trail of this region that logs write events',
      description: 'Without such a trail nobody is told of RotationFailed, RotationAbandoned and TestRotationFailed',
    });
  }

  /** Across all functions: few have something to retire, and an alarm on the others could never go off. */
  private retirementAlarm(): Alarm {
    return new Alarm(this, 'FailedRetirements', {
      alarmDescription:
        'A rotation succeeded, but what it replaced still works. The next rotation tries again; if the secret leaked, end the old value by hand. The log of the contributor names the secret.',
      metric: failedRetirements(),
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      threshold: 0,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}
