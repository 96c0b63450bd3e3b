import type { SecretListEntry } from '@aws-sdk/client-secrets-manager';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { daysOverdue } from '../../../../infra/operations/overdue/days-overdue.ts';

const now = new Date('2026-03-31T12:00:00Z');
const at = (day: string) => new Date(`${day}T12:00:00Z`);
const unfinished = { current: ['AWSCURRENT'], candidate: ['AWSPENDING'] };

describe('a rotated secret is overdue', () => {
  it.each<[string, SecretListEntry, number | undefined]>([
    ['by the days since its next rotation should have come', { NextRotationDate: at('2026-03-28') }, 3],
    ['not before that date has passed', { NextRotationDate: at('2026-04-01') }, 0],
    [
      'not while the service promises a later date, whatever its age: somebody may have written a value by hand',
      {
        NextRotationDate: at('2026-04-20'),
        LastRotatedDate: at('2025-01-01'),
        RotationRules: { AutomaticallyAfterDays: 30 },
      },
      0,
    ],
    [
      'since the last success if a rotation is left unfinished, even if the next date has moved on',
      {
        NextRotationDate: at('2026-04-20'),
        LastRotatedDate: at('2026-02-27'),
        RotationRules: { AutomaticallyAfterDays: 30 },
        SecretVersionsToStages: unfinished,
      },
      1.5, // 29 March ends in the night before the 30th
    ],
    [
      'not because AWSPENDING stayed where the rotation succeeded',
      {
        NextRotationDate: at('2026-04-20'),
        LastRotatedDate: at('2026-01-01'),
        RotationRules: { AutomaticallyAfterDays: 30 },
        SecretVersionsToStages: { one: ['AWSCURRENT', 'AWSPENDING'] },
      },
      0,
    ],
    [
      'by its schedule where no date is promised',
      { LastRotatedDate: at('2026-03-19'), RotationRules: { ScheduleExpression: 'rate(10 days)' } },
      1.5,
    ],
    [
      'by a schedule of hours, whose window is one hour',
      { LastRotatedDate: at('2026-03-30'), RotationRules: { ScheduleExpression: 'rate(11 hours)' } },
      0.5,
    ],
    [
      'by a cron schedule, though the service tells the days beside it',
      {
        LastRotatedDate: at('2026-03-20'),
        RotationRules: { ScheduleExpression: 'cron(0 9 30 * ? *)', Duration: '3h', AutomaticallyAfterDays: 30 },
      },
      1,
    ],
    [
      'since its last change if it never rotated',
      {
        CreatedDate: at('2024-01-01'),
        LastChangedDate: at('2026-03-19'),
        RotationRules: { ScheduleExpression: 'rate(10 days)' },
      },
      1.5,
    ],
    [
      'since its creation if it never changed either',
      { CreatedDate: at('2026-03-19'), RotationRules: { AutomaticallyAfterDays: 10 } },
      1.5,
    ],
    ['never, as far as anybody can tell, without a schedule', { LastRotatedDate: at('2020-01-01') }, undefined],
    [
      'never, as far as anybody can tell, on a schedule of a kind that is not known yet',
      { LastRotatedDate: at('2020-01-01'), RotationRules: { ScheduleExpression: 'every(blue moon)' } },
      undefined,
    ],
  ])('%s', (_, secret, days) => {
    const found = daysOverdue(secret, now);
    if (days === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(days, 2);
  });

  it('by a day more each day, and never by less than nothing, whatever the service tells', () => {
    const date = fc.option(fc.date({ min: new Date('2020-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }), {
      nil: undefined,
    });
    const rules = fc.record({
      AutomaticallyAfterDays: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
      ScheduleExpression: fc.option(fc.oneof(fc.string(), fc.constant('cron(0 8 1 * ? *)')), { nil: undefined }),
    });
    const secrets = fc.record({
      NextRotationDate: date,
      LastRotatedDate: date,
      LastChangedDate: date,
      CreatedDate: date,
      RotationRules: rules,
      SecretVersionsToStages: fc.dictionary(fc.string(), fc.array(fc.constantFrom('AWSCURRENT', 'AWSPENDING'))),
    });
    fc.assert(
      fc.property(secrets, (secret) => {
        const today = daysOverdue(secret, now);
        const tomorrow = daysOverdue(secret, new Date(now.getTime() + 86_400_000));
        if (today === undefined || tomorrow === undefined) return today === tomorrow;
        return today === 0 ? tomorrow >= 0 && tomorrow <= 1 : today > 0 && Math.abs(tomorrow - today - 1) < 1e-6;
      }),
    );
  });
});
