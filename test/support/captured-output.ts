import { afterEach, beforeEach, vi } from 'vitest';

export type Line = Readonly<Record<string, unknown>>;

export interface CapturedOutput {
  /** Everything written so far, logs and metrics, as it was written. */
  text(): string;
  /** Log lines, oldest first. */
  logs(): readonly Line[];
  /** Metrics in CloudWatch's embedded format, one entry for each metric and each of its sets of dimensions. */
  metrics(): readonly EmittedMetric[];
  restore(): void;
}

export interface EmittedMetric {
  readonly namespace: string;
  readonly name: string;
  readonly unit: string;
  readonly value: unknown;
  readonly dimensions: Readonly<Record<string, unknown>>;
}

/** Catches the output of each test of a file, or of a `describe`, by itself. */
export function outputOfEachTest(): Omit<CapturedOutput, 'restore'> {
  let caught: CapturedOutput;
  beforeEach(() => {
    caught = captureOutput();
  });
  afterEach(() => caught.restore());
  return { text: () => caught.text(), logs: () => caught.logs(), metrics: () => caught.metrics() };
}

/** Catches what the functions print: Powertools writes to the process's streams, not to the console. */
export function captureOutput(): CapturedOutput {
  const written: string[] = [];
  const catchAll = (chunk: string | Uint8Array) => {
    written.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
    return true;
  };
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(catchAll),
  );
  const lines = () => written.join('').split('\n').filter(Boolean).map(parseLine);
  return {
    text: () => written.join(''),
    logs: () => lines().filter((line) => 'level' in line),
    metrics: () => lines().flatMap(metricsIn),
    restore: () => spies.forEach((spy) => void spy.mockRestore()),
  };
}

function parseLine(text: string): Line {
  const parsed: unknown = JSON.parse(text);
  if (!isRecord(parsed)) throw new Error('A line of output is no JSON object.');
  return parsed;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
function metricsIn(line: Line): EmittedMetric[] {
  const { _aws: aws } = line;
  return list(isRecord(aws) ? aws['CloudWatchMetrics'] : []).flatMap((directive) =>
    list(directive['Metrics']).flatMap(({ Name, Unit }) =>
      (Array.isArray(directive['Dimensions']) ? directive['Dimensions'] : []).map((names: readonly string[]) => ({
        namespace: String(directive['Namespace']),
        name: String(Name),
        unit: String(Unit),
        value: line[String(Name)],
        dimensions: Object.fromEntries(names.map((name) => [name, line[name]])),
      })),
    ),
  );
}

function list(value: unknown): Line[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function isRecord(value: unknown): value is Line {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
