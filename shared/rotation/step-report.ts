import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { RotationError } from '../errors.ts';
import { logger, metrics } from '../observability.ts';
import type { RotationEvent } from './event.ts';
import type { StepResult } from './rotation.ts';

/** How a step ended, told once: as one log line and as metrics. */
export interface StepReport {
  began(event: RotationEvent): void;
  succeeded(result: StepResult): void;
  /** `clean` is what may be seen of `error`. */
  failed(error: unknown, clean: Error): void;
  /** The secret is promoted, and something old is still alive. `clean` is what may be seen of `error`. */
  retirementFailed(error: unknown, clean: Error): void;
}

export function stepReport(functionName: string): StepReport {
  const started = performance.now();
  let event: RotationEvent | undefined;

  const line = (outcome: 'succeeded' | 'failed') => ({
    secretArn: event?.secretId,
    version: event?.token,
    step: event?.step,
    outcome,
    durationMs: Math.round(performance.now() - started),
  });

  const dimensions = () => ({ function: functionName, step: event?.step ?? 'unknown' });

  return {
    began(valid) {
      event = valid;
      // A copy of the validated fields: the rotation token and unknown fields are nobody's to read.
      logger.logEventIfEnabled({ Step: valid.step, SecretId: valid.secretId, ClientRequestToken: valid.token });
    },

    succeeded(result) {
      const ended = line('succeeded');
      logger.info(`${ended.step} succeeded: ${result}`, { ...ended, result });
      publish(dimensions(), {
        RotationStepSucceeded: 1,
        ...(result === 'promoted' && { RotationCompleted: 1 }),
        RotationStepDuration: ended.durationMs,
      });
    },

    failed(error, clean) {
      const errorCode = codeOf(error);
      const ended = line('failed');
      logger.error(`${ended.step ?? 'The event'} failed: ${clean.message}`, { ...ended, errorCode, error: clean });
      publish(dimensions(), { RotationStepFailed: 1, RotationStepDuration: ended.durationMs });
      publish({ ...dimensions(), errorCode }, { RotationStepFailed: 1 });
    },

    retirementFailed(error, clean) {
      const errorCode = codeOf(error);
      logger.warn('The secret is promoted, but what it replaced could not be retired. The next rotation tries again.', {
        secretArn: event?.secretId,
        version: event?.token,
        errorCode,
        error: clean,
      });
      publish(dimensions(), { RetirementFailed: 1 });
      publish({ ...dimensions(), errorCode }, { RetirementFailed: 1 });
    },
  };
}

function publish(dimensions: Readonly<Record<string, string>>, values: Readonly<Record<string, number>>): void {
  metrics.addDimensions({ ...dimensions });
  for (const [name, value] of Object.entries(values)) {
    metrics.addMetric(name, name === 'RotationStepDuration' ? MetricUnit.Milliseconds : MetricUnit.Count, value);
  }
  metrics.publishStoredMetrics();
}

/** Unnamed errors are bugs, or somebody else's: one code, so that nothing unbounded becomes a metric's dimension. */
function codeOf(error: unknown): string {
  return error instanceof RotationError ? error.name : 'Unexpected';
}
