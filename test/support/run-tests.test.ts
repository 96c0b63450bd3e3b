import { expect, it } from 'vitest';
import { failureOf } from './failure.ts';
import { runExample } from './run-example.ts';

it('tests whose preparation fails are an error, not a list of skipped ones', async () => {
  const error = await failureOf(runExample('unprepared'));
  expect(error.message).toContain('There is nothing to test.');
});
