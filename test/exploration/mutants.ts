import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MUTATIONS } from './mutations.ts';

export interface Hunted {
  readonly undoes: string;
  readonly isFound: boolean;
  /** What the explorer printed: the figures, and the story if there is one. */
  readonly output: string;
}

/** Undoes one mend after the other, each in a process of its own, and lets the explorer look for it. */
export function hunt(
  seconds: number,
  seed: number,
  isMeant: (undoes: string) => boolean = () => true,
): readonly Hunted[] {
  return MUTATIONS.flatMap(({ undoes, targets = [] }, at) => {
    if (!isMeant(undoes)) return [];
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        '--import',
        fileURLToPath(new URL('undone.ts', import.meta.url)),
        fileURLToPath(new URL('explore.ts', import.meta.url)),
        ...['--seconds', String(seconds), '--seed', String(seed)],
        ...targets.flatMap((target) => ['--target', target]),
      ],
      { encoding: 'utf8', env: { ...process.env, UNDONE_MEND: String(at) } },
    );
    // A process that did not even start has found nothing.
    return [{ undoes, isFound: status === 1 && / stories, /.test(stdout), output: `${stdout}${stderr}`.trim() }];
  });
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { seconds: { type: 'string' }, seed: { type: 'string' }, stories: { type: 'boolean' } },
  });
  const hunted = hunt(Number(values.seconds ?? 20), Number(values.seed ?? 1));
  for (const { undoes, isFound, output } of hunted) {
    const figures = output.split('\n').find((line) => / stories, /.test(line)) ?? output;
    console.log(`${isFound ? 'found' : 'NOT FOUND'}  ${undoes}  (${figures})`);
    if (isFound && values.stories) console.log(output.split('\n').slice(3).join('\n'));
  }
  console.log(
    `${hunted.filter(({ isFound }) => isFound).length} of ${hunted.length} mends are found again when they are undone.`,
  );
  process.exitCode = hunted.every(({ isFound }) => isFound) ? 0 : 1;
}
