import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';

let clean = (text: string): string => text;

/** From now on every text that is logged goes through `cleaner`. */
export function cleanLogsWith(cleaner: (text: string) => string): void {
  clean = cleaner;
}

/** Fields that come from the validated event or are our own words: which secret it was must stay readable. */
const FROM_THE_EVENT = new Set([
  'level',
  'timestamp',
  'service',
  'secretArn',
  'version',
  'step',
  'outcome',
  'errorCode',
]);

const functionName = process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? 'secret-rotation';

/** The one logger. Its level and its other settings come from Powertools' own environment variables. */
export const logger = new Logger({
  serviceName: process.env['POWERTOOLS_SERVICE_NAME'] ?? functionName,
  jsonReplacerFn: (key, value) => (typeof value === 'string' && !FROM_THE_EVENT.has(key) ? clean(value) : value),
});

/** The one metrics object; the dimensions are set by step, see `handler.ts`. */
export const metrics = new Metrics({ namespace: process.env['POWERTOOLS_METRICS_NAMESPACE'] ?? 'SecretRotation' });
metrics.clearDefaultDimensions();
