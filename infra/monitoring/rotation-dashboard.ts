import { Duration } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  LogQueryWidget,
  PeriodOverride,
  SingleValueWidget,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { WatchedFunction } from './function-alarms.ts';
import { allMetrics, checkMetric, completedRotations, lambdaMetric } from './rotation-metrics.ts';

export interface RotationDashboardProps {
  readonly alarms: readonly Alarm[];
  readonly functions: Readonly<Record<string, WatchedFunction>>;
  readonly checkName: string;
}

/** Read from top to bottom: is anything wrong, which secrets, which functions, and what they said. */
export class RotationDashboard extends Construct {
  constructor(scope: Construct, id: string, props: RotationDashboardProps) {
    super(scope, id);
    new Dashboard(this, 'Dashboard', {
      defaultInterval: Duration.days(7),
      periodOverride: PeriodOverride.INHERIT,
      widgets: [
        [
          new TextWidget({
            markdown: '# Rotation of secrets\nRed above, details below. `Days overdue` should be 0 for every secret.',
            width: 24,
            height: 2,
          }),
        ],
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...props.alarms], width: 24, height: 4 })],
        secretsRow(props.checkName),
        functionsRow(props.functions),
        failuresRow(Object.values(props.functions)),
      ],
    });
  }
}

function secretsRow(checkName: string): IWidget[] {
  const day = { statistic: Stats.MAXIMUM, period: Duration.days(1) };
  return [
    new SingleValueWidget({
      title: 'Secrets with rotation, and days overdue at most',
      metrics: [checkMetric(checkName, 'RotatedSecrets', day), checkMetric(checkName, 'MaximumDaysOverdue', day)],
      width: 8,
      height: 6,
    }),
    new GraphWidget({
      title: 'Days overdue, by secret',
      left: [allMetrics('DaysOverdue', ['secret'], Stats.MAXIMUM, Duration.days(1))],
      leftYAxis: { min: 0, label: 'days', showUnits: false },
      width: 16,
      height: 6,
    }),
  ];
}

function functionsRow(functions: RotationDashboardProps['functions']): IWidget[] {
  const graph = (title: string, left: IMetric[]) => new GraphWidget({ title, left, width: 6, height: 6 });
  const eachFunction = (metricName: 'Duration' | 'Errors' | 'Throttles', statistic: string) =>
    Object.entries(functions).map(([kind, { name }]) =>
      lambdaMetric(name, metricName, statistic).with({ label: `${kind}: ${metricName}` }),
    );
  return [
    graph(
      'Rotations completed, a day',
      Object.entries(functions).map(([kind, { name }]) => completedRotations(name).with({ label: kind })),
    ),
    graph('Failed steps, by error code', [
      allMetrics('RotationStepFailed', ['errorCode', 'function', 'step'], Stats.SUM, Duration.hours(1)),
    ]),
    graph('Longest step, in ms', eachFunction('Duration', Stats.MAXIMUM)),
    graph('Errors and throttles', [...eachFunction('Errors', Stats.SUM), ...eachFunction('Throttles', Stats.SUM)]),
  ];
}

function failuresRow(functions: readonly WatchedFunction[]): IWidget[] {
  const logGroupNames = functions.flatMap(({ logGroupName }) => logGroupName ?? []);
  if (logGroupNames.length === 0) return [];
  return [
    new LogQueryWidget({
      title: 'The last failures',
      logGroupNames,
      queryLines: [
        'filter outcome = "failed"',
        'fields @timestamp, secretArn, step, errorCode, message',
        'sort @timestamp desc',
        'limit 20',
      ],
      width: 24,
      height: 8,
    }),
  ];
}
