import { describe, expect, it } from 'vitest';
import { isMet, table } from '../../bench/figure.ts';

describe('a figure', () => {
  it.each([
    [7, true],
    [8, true],
    [8.001, false],
    [Number.NaN, false],
  ])('of at most 8 that measures %d is met: %s', (measured, met) => {
    expect(isMet({ name: 'calls', measured, atMost: 8, unit: '' })).toBe(met);
  });

  it('stands in a table with its target, what was measured, the verdict, and what the AWS template needs', () => {
    const lines = table([
      { name: 'bundle', measured: 212.34, atMost: 350, unit: 'kB', decimals: 1 },
      { name: 'calls', measured: 9, atMost: 8, unit: '', template: '14', detail: '9 DescribeSecret' },
    ]).split('\n');
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ['figure', 'target', 'measured', 'verdict', 'AWS template'],
      ['bundle', 'at most 350.0 kB', '212.3 kB', 'met', '–'],
      ['calls', 'at most 8', '9', 'MISSED', '14', '9 DescribeSecret'],
    ]);
  });
});
