import { close } from './closing.ts';
import { MOVES, type Move } from './moves.ts';
import { inTimeOf, type Played, play, type Story } from './play.ts';
import { VARIANTS, type Variants } from './service.ts';
import { TARGETS } from './targets/index.ts';
import type { Target } from './targets/target.ts';
import { type Setting, World } from './world.ts';

export interface Found {
  readonly story: Story;
  readonly breach: string;
}

export interface Explored {
  readonly found: Found | undefined;
  /** Different states that were closed, by the exhaustive search. */
  readonly states: number;
  /** To which number of moves every story was played from each of `ROOTS`, for every target. */
  readonly depth: number;
  /** Stories that were played, of both kinds. */
  readonly stories: number;
  readonly milliseconds: number;
}

export interface Search {
  readonly seed: number;
  readonly milliseconds: number;
  /** All kinds unless given. */
  readonly targets?: readonly string[];
}

const LONGEST_WALK = 16;

/**
 * First all short stories, breadth first, one state once; then random long ones until the time is up. The first story
 * that breaks a promise ends the search, and is shrunk.
 */
export async function explore({ seed, milliseconds, targets = Object.keys(TARGETS) }: Search): Promise<Explored> {
  const began = Date.now();
  const kinds = targets.map((name) => ({ name, create: targetOf(name) }));
  const searches = kinds.map(({ name, create }) =>
    breadthFirst(
      name,
      create,
      settingOf(() => 0),
    ),
  );
  const random = generator(seed);
  let stories = 0;
  let found: Found | undefined;
  const counts = { states: 0, depth: 0 };
  const elapsed = () => Date.now() - began;
  while (found === undefined && elapsed() < milliseconds) {
    for (const [at, { name, create }] of kinds.entries()) {
      // Both kinds of search take turns, so that neither starves in a short time.
      const search = searches[at];
      const until = Date.now() + Math.min(250, milliseconds / (4 * kinds.length));
      while (found === undefined && search && Date.now() < until) {
        const next = await search.next();
        if (next.done) break;
        stories += 1;
        found = next.value.found;
        counts.states += next.value.isNew ? 1 : 0;
      }
      const untilToo = Date.now() + Math.min(250, milliseconds / (4 * kinds.length));
      while (found === undefined && Date.now() < untilToo) {
        found = await walk(name, create, random);
        stories += 1;
      }
      if (found) break;
    }
  }
  counts.depth = Math.min(...kinds.map(({ name }) => finished.get(name) ?? 0));
  return { ...counts, stories, milliseconds: elapsed(), found: found && (await shrink(found)) };
}

const finished = new Map<string, number>();

const rotate: Move = { by: 'service', does: 'rotate' };
const step: Move = { by: 'service', does: 'step' };
/** Where the exhaustive search begins: before a rotation, with a candidate stored, with one applied, with a run held up, and after a rotation. */
export const ROOTS: readonly (readonly Move[])[] = [
  [],
  [rotate, step],
  [rotate, step, step],
  [rotate, step, { by: 'function', fate: 'held before', at: 3 }, { by: 'time', does: 'pass' }],
  [rotate, { by: 'service', does: 'whole' }],
];

interface Visited {
  readonly isNew: boolean;
  readonly found: Found | undefined;
}

async function* breadthFirst(name: string, create: () => Target, setting: Setting): AsyncGenerator<Visited, void> {
  const seen = new Set<string>();
  let level: (readonly Move[])[] = ROOTS.map((root) => [...root]);
  finished.set(name, 0);
  for (let depth = 1; level.length > 0; depth += 1) {
    const next: (readonly Move[])[] = [];
    for (const path of level) {
      let parent: World | undefined;
      const unreached = new Set<string>();
      for (const move of MOVES) {
        if (move.by === 'function' && unreached.has(move.fate)) continue;
        parent ??= (await play(create, setting, path, false)).world;
        const world: World = parent;
        const made = await inTimeOf(world, () => world.make(move));
        const moved = made && (move.by !== 'function' || world.reached);
        const moves = [...path, move];
        const story = { target: name, setting, moves };
        if (!moved) {
          // A step that has fewer effects has run to its end all the same, as another story has it.
          if (made && move.by === 'function') {
            unreached.add(move.fate);
            parent = undefined;
          }
          continue;
        }
        parent = undefined;
        const state = world.state();
        const isNew = !seen.has(state);
        if (isNew && world.ledger.breach === undefined) {
          seen.add(state);
          next.push(moves);
          await inTimeOf(world, () => close(world));
        }
        const { breach } = world.ledger;
        yield { isNew, found: breach === undefined ? undefined : { story, breach } };
      }
    }
    finished.set(name, depth);
    level = next;
  }
}

async function walk(target: string, create: () => Target, random: () => number): Promise<Found | undefined> {
  const setting = settingOf((choices) => Math.floor(random() * choices));
  const world = new World(create(), setting);
  const made: Move[] = [];
  await inTimeOf(world, async () => {
    const length = 3 + Math.floor(random() * LONGEST_WALK);
    for (let tries = 0; tries < 4 * length && made.length < length && world.ledger.breach === undefined; tries += 1) {
      const move = likely(random, world.late.length > 0);
      if (await world.make(move)) made.push(move);
    }
    if (world.ledger.breach === undefined) await close(world);
  });
  const { breach } = world.ledger;
  return breach === undefined ? undefined : { story: { target, setting, moves: made }, breach };
}

/** Most of what happens is a rotation that goes on, or a person's doing; runs that are held up go on sooner or later. */
function likely(random: () => number, isLate: boolean): Move {
  if (isLate && random() < 0.3) return pick(BY.late, random);
  const chance = random();
  if (chance < 0.4) return pick(BY.service, random);
  // Most steps have few effects.
  if (chance < 0.6) return pick(BY.function.slice(0, 3 + Math.floor(random() * BY.function.length)), random);
  return pick(chance < 0.9 ? BY.operator : BY.others, random);
}

const BY = {
  service: MOVES.filter(({ by }) => by === 'service'),
  function: MOVES.filter(({ by }) => by === 'function'),
  operator: MOVES.filter(({ by }) => by === 'operator'),
  late: MOVES.filter(({ by }) => by === 'late run' || by === 'time'),
  others: MOVES.filter(({ by }) => by === 'writer' || by === 'time'),
};

function pick(moves: readonly Move[], random: () => number): Move {
  return moves[Math.floor(random() * moves.length)] ?? { by: 'service', does: 'whole' };
}

/** Leaves out moves, and takes the first side of each variant, as long as the same promise is broken. */
async function shrink(found: Found): Promise<Found> {
  const create = targetOf(found.story.target);
  const breaks = async (story: Story): Promise<Played | undefined> => {
    const played = await play(create, story.setting, story.moves, true);
    return played.breach === found.breach ? played : undefined;
  };
  let story = found.story;
  for (let again = true; again; ) {
    again = false;
    for (const simpler of simplerOf(story)) {
      const played = await breaks(simpler);
      if (!played) continue;
      story = { ...simpler, moves: played.made.length === 0 ? simpler.moves : played.made };
      again = true;
      break;
    }
  }
  return { ...found, story };
}

function* simplerOf(story: Story): Generator<Story> {
  for (const [at] of story.moves.entries()) yield { ...story, moves: story.moves.toSpliced(at, 1) };
  const simplest = settingOf(() => 0);
  if (story.setting.containers !== simplest.containers) {
    yield { ...story, setting: { ...story.setting, containers: simplest.containers } };
  }
  for (const name of variantNames) {
    const { variants } = story.setting;
    if (variants[name] === simplest.variants[name]) continue;
    yield { ...story, setting: { ...story.setting, variants: { ...variants, [name]: simplest.variants[name] } } };
  }
}

const variantNames = [
  'pendingAfterSuccess',
  'pendingAfterPut',
  'handEdit',
  'emptyPromotion',
  'createdDate',
  'rotateWhileOff',
] as const satisfies readonly (keyof Variants)[];

function settingOf(choose: (choices: number) => number): Setting {
  const side = <K extends keyof Variants>(name: K): Variants[K] => VARIANTS[name][choose(2) === 0 ? 0 : 1];
  return {
    containers: choose(2) === 0 ? 'warm' : 'fresh',
    variants: {
      pendingAfterSuccess: side('pendingAfterSuccess'),
      pendingAfterPut: side('pendingAfterPut'),
      handEdit: side('handEdit'),
      emptyPromotion: side('emptyPromotion'),
      createdDate: side('createdDate'),
      rotateWhileOff: side('rotateWhileOff'),
    },
  };
}

function targetOf(name: string): () => Target {
  const create = TARGETS[name];
  if (create === undefined)
    throw new Error(`There is no target "${name}"; there are ${Object.keys(TARGETS).join(', ')}.`);
  return create;
}

/** mulberry32: small, and the same for the same seed on every machine. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
