import type { SecretListEntry } from '@aws-sdk/client-secrets-manager';
import { InvalidSchedule } from '../../../shared/schedule/invalid-schedule.ts';
import { parseSchedule, type Schedule } from '../../../shared/schedule/schedule.ts';

const DAY_MS = 86_400_000;

/**
 * How many days ago the secret should have rotated at the latest; 0 while it is in time, `undefined` where nothing says
 * when it is due: no NextRotationDate, and no schedule.
 *
 * NextRotationDate is the latest date that the service promises, and may lie in the past after a failure. Whether it moves
 * on with the schedule instead is undocumented; while AWSPENDING shows an unfinished rotation, the last success counts too.
 * A secret that never rotated counts from its last change, which is when its rotation was set up if nothing came after.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_SecretListEntry.html
 */
export function daysOverdue(secret: SecretListEntry, now: Date): number | undefined {
  const promised = secret.NextRotationDate;
  const due = promised === undefined || isUnfinished(secret) ? earliest(promised, dueBySchedule(secret)) : promised;
  return due === undefined ? undefined : Math.max(0, (now.getTime() - due.getTime()) / DAY_MS);
}

/** AWSPENDING stays on a version that is not current when its rotation failed. */
function isUnfinished({ SecretVersionsToStages = {} }: SecretListEntry): boolean {
  return Object.values(SecretVersionsToStages).some(
    (stages) => stages.includes('AWSPENDING') && !stages.includes('AWSCURRENT'),
  );
}

function dueBySchedule(secret: SecretListEntry): Date | undefined {
  const start = secret.LastRotatedDate ?? secret.LastChangedDate ?? secret.CreatedDate;
  return start && scheduleOf(secret)?.(start).closes;
}

function scheduleOf({ RotationRules: rules = {} }: SecretListEntry): Schedule | undefined {
  // AutomaticallyAfterDays is told for every schedule, but set by nobody where an expression stands beside it.
  const { AutomaticallyAfterDays, ...expression } = rules;
  try {
    return parseSchedule(expression.ScheduleExpression === undefined ? rules : expression);
  } catch (error) {
    // The service took it, so it is one that this code does not know yet.
    if (error instanceof InvalidSchedule) return undefined;
    throw error;
  }
}

function earliest(promised: Date | undefined, scheduled: Date | undefined): Date | undefined {
  if (promised === undefined || scheduled === undefined) return promised ?? scheduled;
  return promised < scheduled ? promised : scheduled;
}
