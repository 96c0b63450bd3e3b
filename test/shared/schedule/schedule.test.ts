import { describe, expect, it } from 'vitest';
import { InvalidSchedule } from '../../../shared/schedule/invalid-schedule.ts';
import { parseSchedule, type RotationRules } from '../../../shared/schedule/schedule.ts';

const next = (rules: RotationRules, after: string) => {
  const window = parseSchedule(rules)?.(new Date(after));
  return window && [window.opens.toISOString(), window.closes.toISOString()];
};

const at = (time: string) => `${time}.000Z`;

describe('A schedule', () => {
  it.each<[string, RotationRules, string, string, string]>([
    [
      'days open at midnight and last the rest of the UTC day',
      { AutomaticallyAfterDays: 30 },
      '2026-03-10T12:34:56Z',
      '2026-04-09T00:00:00',
      '2026-04-09T23:59:59',
    ],
    [
      'a duration closes the window earlier',
      { AutomaticallyAfterDays: 1, Duration: '3h' },
      '2026-12-31T23:00:00Z',
      '2027-01-01T00:00:00',
      '2027-01-01T03:00:00',
    ],
    [
      'a rate in days is the same as days',
      { ScheduleExpression: 'rate(10 days)' },
      '2026-03-10T12:34:56Z',
      '2026-03-20T00:00:00',
      '2026-03-20T23:59:59',
    ],
    [
      'one day is singular',
      { ScheduleExpression: 'rate(1 day)' },
      '2026-03-10T00:00:00Z',
      '2026-03-11T00:00:00',
      '2026-03-11T23:59:59',
    ],
    [
      'a rate in hours opens on the hour, for one hour',
      { ScheduleExpression: 'rate(4 hours)' },
      '2026-03-10T22:15:00Z',
      '2026-03-11T02:00:00',
      '2026-03-11T03:00:00',
    ],
    [
      'a rate in hours has the duration that it is given',
      { ScheduleExpression: 'rate(6 hours)', Duration: '2h' },
      '2026-03-10T00:00:00Z',
      '2026-03-10T06:00:00',
      '2026-03-10T08:00:00',
    ],
  ])('%s', (_, rules, after, opens, closes) => {
    expect(next(rules, after)).toEqual([at(opens), at(closes)]);
  });

  // 2026-03-10 is a Tuesday, 2026-03-01 a Sunday, and 2028 a leap year.
  it.each([
    ['every day at 8', 'cron(0 8 * * ? *)', '2026-03-10T07:59:00Z', '2026-03-10T08:00:00'],
    ['strictly after the moment', 'cron(0 8 * * ? *)', '2026-03-10T08:00:00Z', '2026-03-11T08:00:00'],
    ['the first of the month', 'cron(0 16 1 * ? *)', '2026-03-10T00:00:00Z', '2026-04-01T16:00:00'],
    ['a list of hours', 'cron(0 2,14 * * ? *)', '2026-03-10T02:00:00Z', '2026-03-10T14:00:00'],
    ['every sixth hour', 'cron(0 */6 * * ? *)', '2026-03-10T12:30:00Z', '2026-03-10T18:00:00'],
    ['every sixth hour, in short', 'cron(0 /6 * * ? *)', '2026-03-10T12:30:00Z', '2026-03-10T18:00:00'],
    ['every tenth hour from 4', 'cron(0 4/10 * * ? *)', '2026-03-10T04:00:00Z', '2026-03-10T14:00:00'],
    ['named weekdays in a range', 'cron(0 8 ? * MON-FRI *)', '2026-03-13T09:00:00Z', '2026-03-16T08:00:00'],
    ['weekday 1, which is Sunday', 'cron(0 0 ? * 1 *)', '2026-03-10T00:00:00Z', '2026-03-15T00:00:00'],
    [
      'the last weekday of the week, which is Saturday',
      'cron(0 0 ? * L *)',
      '2026-03-10T00:00:00Z',
      '2026-03-14T00:00:00',
    ],
    ['the last day of the month', 'cron(0 10 L * ? *)', '2028-02-10T00:00:00Z', '2028-02-29T10:00:00'],
    ['the last Friday of the month', 'cron(0 10 ? * 6L *)', '2026-03-10T00:00:00Z', '2026-03-27T10:00:00'],
    ['the second Tuesday of the month', 'cron(0 10 ? * 3#2 *)', '2026-03-10T11:00:00Z', '2026-04-14T10:00:00'],
    ['the second Tuesday by name', 'cron(0 10 ? * TUE#2 *)', '2026-03-01T00:00:00Z', '2026-03-10T10:00:00'],
    ['every third month', 'cron(0 0 1 1/3 ? *)', '2026-05-01T00:00:00Z', '2026-07-01T00:00:00'],
    ['named months', 'cron(0 0 1 JAN,jun ? *)', '2026-03-10T00:00:00Z', '2026-06-01T00:00:00'],
    ['29 February', 'cron(0 0 29 2 ? *)', '2026-03-10T00:00:00Z', '2028-02-29T00:00:00'],
  ])('in cron names %s', (_, ScheduleExpression, after, opens) => {
    expect(next({ ScheduleExpression }, after)?.[0]).toBe(at(opens));
  });

  it('in cron lasts the rest of the day, or its duration', () => {
    const ScheduleExpression = 'cron(0 8 * * ? *)';
    expect(next({ ScheduleExpression }, '2026-03-10T00:00:00Z')?.[1]).toBe(at('2026-03-10T23:59:59'));
    expect(next({ ScheduleExpression, Duration: '16h' }, '2026-03-10T00:00:00Z')?.[1]).toBe(at('2026-03-11T00:00:00'));
  });

  it('is none where the rules name no time', () => {
    expect(parseSchedule({})).toBeUndefined();
  });

  it.each<[string, RotationRules]>([
    ['days and an expression', { AutomaticallyAfterDays: 1, ScheduleExpression: 'rate(1 day)' }],
    ['a duration alone', { Duration: '3h' }],
    ['a duration of no hours', { AutomaticallyAfterDays: 1, Duration: '0h' }],
    ['a daily window longer than the day', { AutomaticallyAfterDays: 1, Duration: '25h' }],
    ['an hourly window longer than its rate', { ScheduleExpression: 'rate(4 hours)', Duration: '5h' }],
    ['a cron window into the next day', { ScheduleExpression: 'cron(0 8 * * ? *)', Duration: '17h' }],
    ['less than four hours', { ScheduleExpression: 'rate(3 hours)' }],
    ['no days', { ScheduleExpression: 'rate(0 days)' }],
    ['too many days', { ScheduleExpression: 'rate(1001 days)' }],
    ['minutes', { ScheduleExpression: 'rate(600 minutes)' }],
    ['words', { ScheduleExpression: 'every day' }],
    ['a minute that is not 0', { ScheduleExpression: 'cron(30 8 * * ? *)' }],
    ['a year', { ScheduleExpression: 'cron(0 8 * * ? 2026)' }],
    ['no ? in a day field', { ScheduleExpression: 'cron(0 8 * * * *)' }],
    ['? in both day fields', { ScheduleExpression: 'cron(0 8 ? * ? *)' }],
    ['five fields', { ScheduleExpression: 'cron(0 8 * * ?)' }],
    ['seven fields', { ScheduleExpression: 'cron(0 8 * * ? * *)' }],
    ['hour 24', { ScheduleExpression: 'cron(0 24 * * ? *)' }],
    ['month 13', { ScheduleExpression: 'cron(0 8 1 13 ? *)' }],
    ['weekday 0', { ScheduleExpression: 'cron(0 8 ? * 0 *)' }],
    ['a backward range', { ScheduleExpression: 'cron(0 8 ? * FRI-MON *)' }],
    ['a step of 0', { ScheduleExpression: 'cron(0 */0 * * ? *)' }],
    ['a day that never comes', { ScheduleExpression: 'cron(0 8 30 2 ? *)' }],
  ])('cannot be %s', (_, rules) => {
    expect(() => parseSchedule(rules)).toThrow(InvalidSchedule);
  });
});
