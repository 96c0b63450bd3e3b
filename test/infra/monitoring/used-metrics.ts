import type { Template } from 'aws-cdk-lib/assertions';
import * as z from 'zod';

export interface UsedMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: readonly string[];
}

/** As one text, to compare what is used with what is emitted. */
export function metricKey({ namespace, name, dimensions }: UsedMetric): string {
  return `${namespace} ${name} {${dimensions.toSorted().join(', ')}}`;
}

const alarmProperties = z.object({
  Namespace: z.string().optional(),
  MetricName: z.string().optional(),
  Dimensions: z.array(z.object({ Name: z.string() })).optional(),
  Metrics: z.array(z.object({ Expression: z.string() })).optional(),
});

/** The metrics that each alarm looks at, by the alarm's logical id. An alarm of a form that is not known here throws. */
export function metricsOfAlarms(template: Template): ReadonlyMap<string, readonly UsedMetric[]> {
  const alarms = Object.entries(template.findResources('AWS::CloudWatch::Alarm'));
  return new Map(
    alarms.map(([id, { Properties }]) => {
      const { Namespace, MetricName, Dimensions = [], Metrics } = alarmProperties.parse(Properties);
      if (Metrics !== undefined) return [id, Metrics.map(({ Expression }) => queried(Expression))];
      return [
        id,
        [{ namespace: Namespace ?? '', name: MetricName ?? '', dimensions: Dimensions.map(({ Name }) => Name) }],
      ];
    }),
  );
}

const widget = z.object({
  type: z.string(),
  properties: z.object({ metrics: z.array(z.array(z.unknown())).optional() }),
});

/** The metrics that the dashboard shows. */
export function metricsOfDashboard(template: Template): readonly UsedMetric[] {
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
  const parts: unknown[] = dashboard?.Properties.DashboardBody['Fn::Join'][1];
  const body: unknown = JSON.parse(parts.map((part) => (typeof part === 'string' ? part : 'reference')).join(''));
  const { widgets } = z.object({ widgets: z.array(widget) }).parse(body);
  return widgets.flatMap(({ properties }) => (properties.metrics ?? []).map(shown));
}

/** `[namespace, name, dimension, value, …, options]`, or an expression alone. */
function shown(entry: readonly unknown[]): UsedMetric {
  const expression = z.tuple([z.object({ expression: z.string() })]).safeParse(entry);
  if (expression.success) return queried(expression.data[0].expression);
  const [namespace, name, ...pairs] = entry.filter((part) => typeof part === 'string');
  return { namespace: namespace ?? '', name: name ?? '', dimensions: pairs.filter((_, index) => index % 2 === 0) };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html */
const QUERY = /^SELECT SUM\((?<name>\w+)\) FROM SCHEMA\((?<schema>[^)]*)\)/;
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html */
const SEARCH = /^SEARCH\('\{(?<schema>[^}]*)\} MetricName="(?<name>\w+)"', '\w+', \d+\)$/;

function queried(expression: string): UsedMetric {
  const { name, schema } = (QUERY.exec(expression) ?? SEARCH.exec(expression))?.groups ?? {};
  if (name === undefined || schema === undefined) throw new Error(`Not an expression known here: ${expression}`);
  const [namespace = '', ...dimensions] = schema.split(/,\s*/).map((part) => part.replaceAll('"', ''));
  return { namespace, name, dimensions };
}
