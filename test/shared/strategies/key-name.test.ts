import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyNames, SHORTEST_LIMIT } from '../../../shared/strategies/key-name.ts';

const arn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/billing/datadog-AbCdEf';
const token = '2f9a3a2c-54dd-4f3a-9d3f-1b1f3c1a9d10';
const now = new Date('2026-09-01T12:34:56.789Z');
const anyToken = fc.oneof(
  fc.uuid(),
  fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
    minLength: 32,
    maxLength: 64,
  }),
);

describe('the name of a key', () => {
  it("says whose it is: the secret's name and digest, the rotation, and when it was asked for", () => {
    const name = keyNames(arn, token, 200).name(now, false);
    // The digest: printf %s "$ARN" | sha256sum
    expect(name).toMatch(new RegExp(`^rotation/datadog/[0-9a-f]{16}/${token}/20260901T123456Z-[0-9a-f]{4}$`));
  });

  it('is the same for every try where that is asked for, and otherwise never', () => {
    const names = keyNames(arn, token, 200);
    expect(names.name(now, true)).toBe(names.name(new Date(0), true));
    expect(new Set(Array.from({ length: 20 }, () => names.name(now, false))).size).toBeGreaterThan(15);
  });

  it('is found again, as long as it may be, and is of no other secret or rotation', () => {
    fc.assert(
      fc.property(
        anyToken,
        anyToken,
        fc.integer({ min: SHORTEST_LIMIT, max: 300 }),
        fc.boolean(),
        (one, other, longest, same) => {
          fc.pre(one !== other);
          const name = keyNames(arn, one, longest).name(now, same);
          expect(name.length).toBeLessThanOrEqual(longest);
          const askedAt = same ? {} : { askedAt: new Date('2026-09-01T12:34:56Z') };
          expect(keyNames(arn, one, longest).read(name)).toEqual({ thisRotation: true, ...askedAt });
          expect(keyNames(arn, other, longest).read(name)).toEqual({ thisRotation: false, ...askedAt });
          expect(keyNames(`${arn}x`, one, longest).read(name)).toBeUndefined();
        },
      ),
    );
  });

  it('is nobody else’s, whatever it looks like', () => {
    const names = keyNames(arn, token, 200);
    const own = names.name(now, false);
    const digest = own.split('/')[2] ?? '';
    for (const other of [
      '',
      'made by hand',
      digest,
      `rotation/${digest}`,
      `x${own}`,
      `${own}/more`,
      `copy of ${own}`,
      `rotation/a/b/${digest}/${token}/20260901T123456Z-abcd`,
      `rotation/datadog/${digest}/${token}/yesterday`,
      own.toUpperCase(),
    ]) {
      expect(names.read(other), other).toBeUndefined();
    }
    fc.assert(fc.property(fc.string(), (text) => names.read(text) === undefined));
  });
});
