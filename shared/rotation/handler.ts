import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { OutOfTime } from '../errors.ts';
import { cleanLogsWith, logger } from '../observability.ts';
import { Redaction } from '../secrets/redaction.ts';
import { type SecretStore, secretStore } from '../secrets/secret-store.ts';
import { secretsManagerClient } from '../secrets/secrets-manager-client.ts';
import { type Deadline, withDeadline } from './deadline.ts';
import { parseEvent, type RotationEvent } from './event.ts';
import { Origins } from './origins.ts';
import { runStep } from './rotation.ts';
import { stepReport } from './step-report.ts';
import type { Context, Strategy } from './strategy.ts';
import { catchingStrayErrors } from './stray-errors.ts';
import { once } from './version-reader.ts';
import { AWSCURRENT } from './version-stages.ts';

/** The part of Lambda's context that is used. */
export interface LambdaContext {
  readonly functionName: string;
  getRemainingTimeInMillis(): number;
}

export type RotationHandler = (event: unknown, lambda: LambdaContext) => Promise<void>;

/**
 * The Lambda edge: validates the event, runs the step within the time that is left, reports how it ended, and lets no
 * secret value out, whatever went wrong. Returning is success and throwing is failure, as the service expects.
 *
 * @param endProcess called once all is logged where a library has failed outside of the step, or the step did not stop
 *   in time: Lambda then starts the next invocation in a fresh process
 */
export function rotationHandler<S>(
  strategy: Strategy<S>,
  client: Pick<SecretsManagerClient, 'send'> = secretsManagerClient(),
  endProcess: () => void = () => process.exit(1),
): RotationHandler {
  const origins = new Origins();
  return async (rawEvent, lambda) => {
    const report = stepReport(lambda.functionName);
    const redaction = new Redaction();
    cleanLogsWith((text) => redaction.clean(text));
    let isSpoilt = false;
    let isRunning = true;
    try {
      const event = parseEvent(rawEvent);
      report.began(event);
      if (event.rotationToken) redaction.conceal(event.rotationToken.reveal());
      const result = await withDeadline(
        () => lambda.getRemainingTimeInMillis(),
        (deadline) => {
          const store = learning(secretStore(client, deadline.signal), redaction);
          const context = contextOf(event, deadline, store, redaction);
          const retirementFailed = (error: unknown) => report.retirementFailed(error, redaction.cleanError(error));
          const step = () => runStep({ event, strategy, store, context, origins, retirementFailed });
          return catchingStrayErrors(step, () => {
            isSpoilt = true;
          }).finally(() => {
            isRunning = false;
          });
        },
      );
      report.succeeded(result);
    } catch (error) {
      const clean = redaction.cleanError(error);
      report.failed(error, clean);
      // A step that did not stop when its time was up would go on beside the next one.
      if (isSpoilt || (isRunning && error instanceof OutOfTime)) endProcess();
      throw clean;
    }
  };
}

function contextOf(event: RotationEvent, deadline: Deadline, store: SecretStore, redaction: Redaction): Context {
  return {
    secretId: event.secretId,
    token: event.token,
    environment: process.env,
    deadline,
    describe: once(() => store.describe(event.secretId)),
    readOtherSecret: (secretId) => store.read(secretId, { stage: AWSCURRENT }),
    conceal: (secret) => redaction.conceal(secret.reveal()),
    identify: (text) => redaction.spare(text),
    warn: (message, details = {}) =>
      logger.warn(message, { secretArn: event.secretId, version: event.token, ...details }),
  };
}

/** The same store; every value that passes through it is taken out of whatever is logged or thrown later. */
function learning(store: SecretStore, redaction: Redaction): SecretStore {
  return {
    ...store,
    async read(secretId, version) {
      const found = await store.read(secretId, version);
      redaction.learn(found.value);
      return found;
    },
    putPending(secretId, token, value, rotationToken) {
      redaction.learn(value);
      return store.putPending(secretId, token, value, rotationToken);
    },
  };
}
