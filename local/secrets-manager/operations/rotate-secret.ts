import * as z from 'zod';
import { InvalidSchedule } from '../../../shared/schedule/invalid-schedule.ts';
import { parseSchedule, type RotationRules, type Schedule } from '../../../shared/schedule/schedule.ts';
import { invalidParameter, invalidRequest, noRotationFunction, ServiceError, tokenMissing } from '../errors.ts';
import * as field from '../input.ts';
import { reschedule, type Secret } from '../secret.ts';
import { identity, operation, type Service } from './operation.ts';

const rules = z.object({
  AutomaticallyAfterDays: z.int().min(1).max(1000).optional(),
  Duration: field
    .text(2, 3)
    .regex(/^[0-9]+h$/)
    .optional(),
  ScheduleExpression: field
    .text(1, 256)
    .regex(/^[0-9A-Za-z()#?*\-/, ]+$/)
    .optional(),
});

const input = z.object({
  SecretId: field.secretId,
  ClientRequestToken: field.clientRequestToken.optional(),
  RotationLambdaARN: field.text(0, 2048).optional(),
  RotationRules: rules.optional(),
  RotateImmediately: z.boolean().optional(),
});

/** Answers once the new version is staged; the function runs afterwards. A refusal saves nothing. */
export const rotateSecret = operation(input, (request, service) => {
  const { store, rotations } = service;
  const token = request.ClientRequestToken;
  if (token === undefined) throw invalidParameter(tokenMissing);
  const secret = store.findActive(request.SecretId);
  const rules = request.RotationRules ?? secret.rotation?.rules ?? {};
  // Whether the real service insists on rules at the first rotation is unverified; here there is no schedule then.
  const schedule = scheduleOf(rules);
  const functionArn = request.RotationLambdaARN ?? secret.rotation?.functionArn;
  if (functionArn === undefined) throw noRotationFunction();
  if (!rotations.canRun(functionArn)) {
    throw new ServiceError(
      'AccessDeniedException',
      'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.',
    );
  }
  refuseDuringAnother(secret, token, service);
  // Before the configuration is saved: this may still refuse the token.
  if (request.RotateImmediately === false) rotations.test(secret, functionArn, token);
  else rotations.start(secret, functionArn, token);
  secret.rotation = {
    functionArn,
    rules,
    schedule,
    enabled: true,
    lastRotated: secret.rotation?.lastRotated,
    latest: undefined,
    due: undefined,
  };
  reschedule(secret.rotation, store.now());
  secret.lastChanged = store.now();
  return { ...identity(secret), VersionId: token };
});

function scheduleOf(rules: RotationRules): Schedule | undefined {
  try {
    return parseSchedule(rules);
  } catch (error) {
    throw error instanceof InvalidSchedule ? invalidParameter(error.message) : error;
  }
}

/** The same token is the same rotation asked for again, which is no error. */
function refuseDuringAnother(secret: Secret, token: string, { rotations }: Service): void {
  const pending = secret.versions.holderOf('AWSPENDING');
  const current = secret.versions.holderOf('AWSCURRENT');
  const running = rotations.running(secret.arn);
  if (running === token || (running === undefined && pending?.id === token)) return;
  if (running === undefined && (pending === undefined || pending.id === current?.id)) return;
  if (running === undefined && pending !== undefined && secret.rotation?.enabled === true) {
    rotations.start(secret, secret.rotation.functionArn, pending.id);
  }
  throw invalidRequest("A previous rotation isn't complete. That rotation will be reattempted.");
}
