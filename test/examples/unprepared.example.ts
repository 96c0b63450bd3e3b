import { beforeAll, it } from 'vitest';

/** Run by `test/support/run-tests.test.ts`. */
beforeAll(() => {
  throw new Error('There is nothing to test.');
});

it('is never run', () => {});
