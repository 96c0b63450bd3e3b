import { readdirSync } from 'node:fs';
import type { CrashPointCounts } from '../test/support/effects.ts';
import { runTests, type TestEnd } from '../test/support/run-tests.ts';
import type { Figure } from './figure.ts';

const TESTS = new URL('../test/functions/', import.meta.url);
const SUITE = /^(.*), killed at each of its effects$/;

/**
 * The crash suites of the database functions, as `npm test` runs them: each function is killed before and after each of
 * its calls and messages, and the service repeats the rotation. What comes after a point that was not survived is not
 * reached, and counts as not survived.
 */
export async function crashPoints(): Promise<readonly Figure[]> {
  const files = readdirSync(TESTS).filter((name) => /^(postgres|mysql)-.*\.crash\.test\.ts$/.test(name));
  const repeatedByTheService = ['--testNamePattern', 'with the same token'];
  const ends = await runTests([...files.map((name) => `test/functions/${name}`), ...repeatedByTheService]);
  return crashFigures(ends);
}

export function crashFigures(ends: readonly TestEnd[]): readonly Figure[] {
  const suites = Map.groupBy(
    ends.filter(({ status }) => status !== 'skipped'),
    ({ ancestorTitles }) => ancestorTitles.findLast((title) => SUITE.test(title)),
  );
  return [...suites].map(([title = 'a suite of another kind', tests]) => {
    const subject = SUITE.exec(title)?.[1] ?? title;
    const counts = tests.map(countsOf);
    const all = sum(counts.map((count) => count?.all));
    return {
      name: `crash points not survived, ${subject}`,
      measured: all - sum(counts.map((count) => count?.survived)),
      atMost: 0,
      unit: '',
      // A crash after the clone is created and before its grants are given promotes a clone without them.
      ...(subject.startsWith('mysql-alternating-users') && { template: 'some' }),
      detail: `of ${all}: before and after each call and each message to the database`,
    };
  });
}

/** A test that failed before it had counted anything has counted nothing. */
function countsOf({ meta }: TestEnd): CrashPointCounts | undefined {
  const counts = meta['crashPoints'];
  if (typeof counts !== 'object' || counts === null) return undefined;
  const { all, survived } = { all: undefined, survived: undefined, ...counts };
  return typeof all === 'number' && typeof survived === 'number' ? { all, survived } : undefined;
}

function sum(numbers: readonly (number | undefined)[]): number {
  return numbers.reduce<number>((total, number) => total + (number ?? Number.NaN), 0);
}
