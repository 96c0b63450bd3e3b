import { parseCron } from './cron.ts';
import { InvalidSchedule } from './invalid-schedule.ts';

/** The rotation rules as RotateSecret takes and DescribeSecret shows them. */
export type RotationRules = {
  readonly AutomaticallyAfterDays?: number | undefined;
  readonly Duration?: string | undefined;
  readonly ScheduleExpression?: string | undefined;
};

/** A rotation starts when its window opens; `closes` is what DescribeSecret calls NextRotationDate, the latest date. */
export type RotationWindow = { readonly opens: Date; readonly closes: Date };

/** The first window that opens after a rotation at this moment. */
export type Schedule = (after: Date) => RotationWindow;

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const minimumHours = 4;
/** Long enough for 29 February to come round, also over a century year. */
const searchedDays = 366 * 9;

/**
 * All schedules are UTC. Days count from midnight; a window lasts the rest of the UTC day for days and cron, one hour for
 * hours, unless `Duration` says otherwise.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
 * @returns undefined where the rules name no time
 * @throws InvalidSchedule; the first text is the service's, the wording of the others is ours
 */
export function parseSchedule(rules: RotationRules): Schedule | undefined {
  const { AutomaticallyAfterDays: days, ScheduleExpression: expression } = rules;
  if (days !== undefined && expression !== undefined) {
    throw new InvalidSchedule('You cannot specify both rotation frequency and schedule expression together.');
  }
  const duration = rules.Duration === undefined ? undefined : Number.parseInt(rules.Duration, 10) * hourMs;
  if (duration === 0) throw new InvalidSchedule('The rotation window must last at least one hour.');
  if (days !== undefined) return everyDays(days, duration);
  if (expression !== undefined) return parseExpression(expression, duration);
  if (duration !== undefined) {
    throw new InvalidSchedule('Duration needs AutomaticallyAfterDays or a ScheduleExpression beside it.');
  }
  return undefined;
}

function parseExpression(expression: string, duration: number | undefined): Schedule {
  const [, count, unit] = /^rate\((\d+) (hour|day)s?\)$/.exec(expression) ?? [];
  if (count !== undefined && unit === 'day' && Number(count) >= 1 && Number(count) <= 1000) {
    return everyDays(Number(count), duration);
  }
  if (count !== undefined && unit === 'hour' && Number(count) >= minimumHours) {
    return everyHours(Number(count), duration);
  }
  if (count !== undefined) {
    throw new InvalidSchedule('Invalid ScheduleExpression: a rate is at least 4 hours and at most 1000 days.');
  }
  const [, fields] = /^cron\((.*)\)$/.exec(expression) ?? [];
  if (fields === undefined) {
    throw new InvalidSchedule(
      'Invalid ScheduleExpression: write rate(N hours), rate(N days) or cron(0 H DoM Mon DoW *).',
    );
  }
  return byCron(fields, duration);
}

function everyDays(days: number, duration: number | undefined): Schedule {
  requireWithin(duration, dayMs, 'UTC day');
  return (after) => windowFrom(startOfDay(after) + days * dayMs, duration);
}

function everyHours(hours: number, duration = hourMs): Schedule {
  requireWithin(duration, hours * hourMs, 'rotation window');
  return (after) => {
    const opens = Math.floor(after.getTime() / hourMs) * hourMs + hours * hourMs;
    return { opens: new Date(opens), closes: new Date(opens + duration) };
  };
}

function byCron(fields: string, duration: number | undefined): Schedule {
  const cron = parseCron(fields);
  const lastHour = cron.hours.at(-1) ?? 0;
  requireWithin(duration, dayMs - lastHour * hourMs, 'UTC day');
  const find = (after: Date): RotationWindow | undefined => {
    for (let day = startOfDay(after), n = 0; n < searchedDays; n++, day += dayMs) {
      if (!cron.matchesDay(new Date(day))) continue;
      const hour = cron.hours.find((h) => day + h * hourMs > after.getTime());
      if (hour !== undefined) return windowFrom(day + hour * hourMs, duration);
    }
    return undefined;
  };
  const neverComes = () => new InvalidSchedule('Invalid ScheduleExpression: it names no day that ever comes.');
  if (find(new Date(0)) === undefined) throw neverComes();
  return (after) => {
    const window = find(after);
    if (window === undefined) throw neverComes();
    return window;
  };
}

function windowFrom(opens: number, duration: number | undefined): RotationWindow {
  const endOfDay = startOfDay(new Date(opens)) + dayMs - 1000;
  return { opens: new Date(opens), closes: new Date(duration === undefined ? endOfDay : opens + duration) };
}

function requireWithin(duration: number | undefined, limit: number, next: string): void {
  if (duration !== undefined && duration > limit) {
    throw new InvalidSchedule(`The rotation window must not extend into the next ${next}: shorten Duration.`);
  }
}

const startOfDay = (date: Date) => Math.floor(date.getTime() / dayMs) * dayMs;
