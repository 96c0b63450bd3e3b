import { runTests } from './run-tests.ts';

/** How a test ended: `passed`, `failed` or `skipped`, by its full name. */
export type Outcomes = Readonly<Record<string, string>>;

/** Runs the tests of a file in `test/examples/`, with these changes to the environment; CI is not set unless they say so. */
export async function runExample(
  name: string,
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<Outcomes> {
  const options = ['--config', 'test/examples/vitest.config.ts', `${name}.example.ts`];
  const ends = await runTests(options, { CI: undefined, ...environment });
  return Object.fromEntries(ends.map(({ fullName, status }) => [fullName, status]));
}
