import { parseArgs } from 'node:util';
import { told } from './moves.ts';
import { explore, type Found } from './search.ts';

/** The story as a person reads it: who did what, one line an event, and what was broken. */
export function storyOf({ story, breach }: Found): string {
  const { variants, containers } = story.setting;
  const world = Object.entries({ ...variants, containers }).map(([name, side]) => `${name}: ${side}`);
  const lines = story.moves.map((move, at) => `  ${at + 1}. ${told(move)}`);
  return [`${story.target}: ${breach}.`, ...lines, `  in a world with ${world.join(', ')}`].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      target: { type: 'string', multiple: true },
    },
  });
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const milliseconds = values.seconds ? Number(values.seconds) * 1_000 : Number(values.minutes ?? 1) * 60_000;
  console.log(`Exploring with --seed ${seed}`);
  const explored = await explore({ seed, milliseconds, ...(values.target && { targets: values.target }) });
  const { stories, states, depth } = explored;
  console.log(
    `${stories} stories, ${states} states, all stories of up to ${depth} moves from each start, ${Math.round(explored.milliseconds / 1000)} s`,
  );
  if (explored.found) console.log(`\n${storyOf(explored.found)}`);
  process.exitCode = explored.found ? 1 : 0;
}
