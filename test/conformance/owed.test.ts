import { beforeAll, describe, expect, it } from 'vitest';
import { type Outcomes, runExample } from '../support/run-example.ts';

describe('a test of a suite, run for an implementation', () => {
  let outcomes: Outcomes;
  beforeAll(async () => {
    outcomes = await runExample('owed');
  });

  /** The outcomes under a heading of the example, without the heading. */
  const under = (heading: string) =>
    Object.fromEntries(
      Object.entries(outcomes)
        .filter(([name]) => name.startsWith(`${heading} `))
        .map(([name, outcome]) => [name.slice(heading.length + 1), outcome]),
    );
  const all = (outcome: string, ending = '') =>
    Object.fromEntries(['works', 'works with one', 'works with other'].map((name) => [`${name}${ending}`, outcome]));
  const check = 'skips only tests of this suite, each for a reason';
  const ending = ' (skipped: It never could.)';

  it.each([
    ['that works', 'working, nothing skipped', all('passed')],
    ['that does not work', 'broken, nothing skipped', all('failed')],
    ['that does not work, and skips it', 'broken, all skipped', { ...all('passed', ending), [check]: 'passed' }],
    ['that works, and skips it still', 'working, all skipped', { ...all('failed', ending), [check]: 'passed' }],
    ['that skips what is no test', 'working, something else skipped', { ...all('passed'), [check]: 'failed' }],
    [
      'that does not say why it skips',
      'broken, skipped without a reason',
      { ...all('passed', ' (skipped:  )'), [check]: 'failed' },
    ],
  ])('%s', (_, heading, expected) => {
    expect(under(heading)).toEqual(expected);
  });
});
