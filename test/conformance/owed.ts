import { expect, it } from 'vitest';

/** Tests of a suite, by their titles as the suite writes them, that an implementation does not pass, and why. */
export interface Skip {
  readonly reason: string;
  readonly tests: readonly string[];
}

/** What a suite asks of every implementation. */
export interface Owed {
  test(title: string, body: () => Promise<void>): void;
  /** One test a row; a skip is for all of them. The title takes from the row what `it.for` lets it. */
  each<T>(rows: readonly T[]): (title: string, body: (row: T) => Promise<void>) => void;
  /** To be called last: a skip of a test that the suite does not have fails. */
  end(): void;
}

/**
 * The tests of a suite, of which some are skipped for one implementation. What is skipped runs all the same and has to
 * fail: a skip that is no longer needed is a failure, so that none outlives its reason.
 */
export function owed(skips: readonly Skip[] = []): Owed {
  const titles = new Set<string>();
  const chosen = (title: string) => {
    titles.add(title);
    const skip = skips.find(({ tests }) => tests.includes(title));
    return skip ? { run: it.fails, name: `${title} (skipped: ${skip.reason})` } : { run: it, name: title };
  };
  return {
    test(title, body) {
      const { run, name } = chosen(title);
      run(name, body);
    },
    each(rows) {
      return (title, body) => {
        const { run, name } = chosen(title);
        run.for(rows)(name, (row) => body(row));
      };
    },
    end() {
      if (skips.length === 0) return;
      it('skips only tests of this suite, each for a reason', () => {
        for (const { reason, tests } of skips) {
          expect(reason).toMatch(/\S/);
          expect(tests.filter((title) => !titles.has(title))).toEqual([]);
        }
      });
    },
  };
}
