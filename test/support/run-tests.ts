import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** How a test ended. */
export interface TestEnd {
  readonly fullName: string;
  /** The suites that it stands in, the outermost first. */
  readonly ancestorTitles: readonly string[];
  /** `passed`, `failed`, `skipped`, … */
  readonly status: string;
  /** What the test itself tells, such as a count. */
  readonly meta: Readonly<Record<string, unknown>>;
}

interface Report {
  readonly success: boolean;
  readonly testResults: readonly { readonly message: string; readonly assertionResults: readonly TestEnd[] }[];
}

/**
 * Runs tests in a process of its own, with these options of `vitest run` and these changes to its environment.
 *
 * @throws Error if something else than a test fails, such as what prepares them: then they count as skipped
 */
export async function runTests(
  options: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<readonly TestEnd[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tests-'));
  try {
    const file = join(folder, 'report.json');
    const all = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=json', `--outputFile=${file}`, ...options];
    const child = spawn(process.execPath, all, {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await once(child, 'close');
    const report: Report = JSON.parse(await readFile(file, 'utf8'));
    const ends = report.testResults.flatMap(({ assertionResults }) => assertionResults);
    if (report.success || ends.some(({ status }) => status === 'failed')) return ends;
    throw new Error(`Tests could not be run: ${report.testResults.map(({ message }) => message).join('\n')}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
