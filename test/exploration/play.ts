import { close } from './closing.ts';
import type { Move } from './moves.ts';
import type { Target } from './targets/target.ts';
import { type Setting, World } from './world.ts';

export interface Story {
  readonly target: string;
  readonly setting: Setting;
  readonly moves: readonly Move[];
}

export interface Played {
  readonly world: World;
  /** The moves that did something. */
  readonly made: readonly Move[];
  readonly breach: string | undefined;
}

let now: (() => number) | undefined;
const realNow = performance.now.bind(performance);
performance.now = () => now?.() ?? realNow();

/** The functions measure how long they were held up by `performance.now`: during a story it tells the story's time. */
export async function inTimeOf<T>(world: World, act: () => Promise<T>): Promise<T> {
  now = () => world.milliseconds;
  try {
    return await act();
  } finally {
    now = undefined;
  }
}

/** Plays the moves that can be made, one after the other, and closes the story if asked. */
export async function play(
  create: () => Target,
  setting: Setting,
  moves: readonly Move[],
  closing: boolean,
): Promise<Played> {
  const world = new World(create(), setting);
  return await inTimeOf(world, async () => {
    const made: Move[] = [];
    for (const move of moves) {
      if (await world.make(move)) made.push(move);
      if (world.ledger.breach !== undefined) break;
    }
    if (closing && world.ledger.breach === undefined) await close(world);
    return { world, made, breach: world.ledger.breach };
  });
}
