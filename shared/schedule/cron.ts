import { InvalidSchedule } from './invalid-schedule.ts';

/** Which UTC days and hours a `cron(0 H DoM Mon DoW *)` expression names. */
export type Cron = { readonly hours: readonly number[]; matchesDay(day: Date): boolean };

type DayRule = (day: Date) => boolean;

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const refuse = (why: string) => new InvalidSchedule(`Invalid ScheduleExpression: ${why}.`);

/**
 * Reads the six fields of Secrets Manager's cron dialect: minute 0, year `*`, `?` in one of the two day fields, and
 * `/ , - L #`. Weekdays count from 1 = Sunday.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
 * @throws InvalidSchedule
 */
export function parseCron(fields: string): Cron {
  const [minute, hour, dayOfMonth, month, dayOfWeek, year, ...rest] = fields.trim().split(/\s+/);
  if (!minute || !hour || !dayOfMonth || !month || !dayOfWeek || !year || rest.length > 0) {
    throw refuse('a cron expression has six fields');
  }
  if (minute !== '0') throw refuse('the minute must be 0');
  if (year !== '*') throw refuse('the year must be *');
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) throw refuse('exactly one of the two day fields must be ?');

  const monthsNamed = numbers(month, 1, 12, months);
  const dayRule = dayOfWeek === '?' ? dayOfMonthRule(dayOfMonth) : dayOfWeekRule(dayOfWeek);
  return {
    hours: [...numbers(hour, 0, 23)].toSorted((a, b) => a - b),
    matchesDay: (day) => monthsNamed.has(day.getUTCMonth() + 1) && dayRule(day),
  };
}

function dayOfMonthRule(field: string): DayRule {
  const parts = field.split(',').map((part): DayRule => {
    if (part === 'L') return (day) => day.getUTCDate() === daysInMonth(day);
    const days = numbers(part, 1, 31);
    return (day) => days.has(day.getUTCDate());
  });
  return (day) => parts.some((matches) => matches(day));
}

function dayOfWeekRule(field: string): DayRule {
  const parts = field.split(',').map((part): DayRule => {
    const [, last] = /^(.+)L$/.exec(part) ?? [];
    if (last !== undefined) {
      const weekday = single(last);
      return (day) => weekdayOf(day) === weekday && day.getUTCDate() + 7 > daysInMonth(day);
    }
    const [, nthWeekday, nth] = /^(.+)#([1-5])$/.exec(part) ?? [];
    if (nthWeekday !== undefined) {
      const weekday = single(nthWeekday);
      return (day) => weekdayOf(day) === weekday && Math.ceil(day.getUTCDate() / 7) === Number(nth);
    }
    const days = numbers(part === 'L' ? '7' : part, 1, 7, weekdays);
    return (day) => days.has(weekdayOf(day));
  });
  return (day) => parts.some((matches) => matches(day));
}

const single = (text: string) => number(text, 1, 7, weekdays);
const weekdayOf = (day: Date) => day.getUTCDay() + 1;
const daysInMonth = (day: Date) => new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate();

/** The numbers that a field of lists, ranges and steps names. */
function numbers(field: string, min: number, max: number, names: readonly string[] = []): Set<number> {
  const found = new Set<number>();
  for (const part of field.split(',')) {
    const [range = '', stepText, ...more] = part.split('/');
    const step = stepText === undefined ? 1 : number(stepText, 1, max);
    const [first = '', second, ...tooMany] = range.split('-');
    if (more.length > 0 || tooMany.length > 0) throw refuse(`${part} cannot be read`);
    const everything = first === '*' || (first === '' && stepText !== undefined);
    const from = everything ? min : number(first, min, max, names);
    const openEnded = everything || (second === undefined && stepText !== undefined);
    const to = second !== undefined ? number(second, min, max, names) : openEnded ? max : from;
    if (from > to) throw refuse(`${range} counts backwards`);
    for (let value = from; value <= to; value += step) found.add(value);
  }
  return found;
}

function number(text: string, min: number, max: number, names: readonly string[] = []): number {
  const named = names.indexOf(text.toUpperCase());
  const value = named >= 0 ? named + 1 : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw refuse(`${text} is not a number from ${min} to ${max}`);
  return value;
}
