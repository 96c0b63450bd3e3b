import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** How a test ended: `passed`, `failed` or `skipped`, by its full name. */
export type Outcomes = Readonly<Record<string, string>>;

/** Runs the tests of a file in `test/examples/`, in a process of its own with these changes to its environment. */
export async function runExample(
  name: string,
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<Outcomes> {
  const folder = await mkdtemp(join(tmpdir(), 'example-'));
  try {
    const report = join(folder, 'report.json');
    const options = ['--config', 'test/examples/vitest.config.ts', '--reporter=json', `--outputFile=${report}`];
    const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...options, `${name}.example.ts`], {
      cwd: root,
      env: { ...process.env, CI: undefined, ...environment },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await once(child, 'close');
    return outcomes(JSON.parse(await readFile(report, 'utf8')));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly { fullName: string; status: string }[] }[];
}

function outcomes({ testResults }: Report): Outcomes {
  return Object.fromEntries(
    testResults.flatMap(({ assertionResults }) => assertionResults.map(({ fullName, status }) => [fullName, status])),
  );
}
