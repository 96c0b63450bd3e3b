import { RotationError } from '../../shared/errors.ts';
import { remedy } from './remedies.ts';
import type { World } from './world.ts';

/** More errors one after the other than a person would bear. */
const MOST_ROUNDS = 8;

/**
 * From where the story stands, all runs that are held up never going on: rotations with new tokens converge, or end in
 * named errors whose remedies let them converge. Whatever is not so is a breach in the ledger.
 */
export async function close(world: World): Promise<void> {
  world.late.length = 0;
  const old = new Set(world.service.all().map(({ id }) => id));
  const errors: string[] = [];
  for (let rotations = 0; errors.length < MOST_ROUNDS && world.ledger.breach === undefined; ) {
    world.lastError = undefined;
    world.service.pass(60_000);
    const begun = world.driven !== undefined || world.rotate();
    const token = world.driven?.token;
    await world.whole();
    if (begun && token !== undefined && world.service.holder('AWSCURRENT') === token && world.lastError === undefined) {
      if (!old.has(token)) rotations += 1;
      if (rotations < 2) continue;
      world.ledger.settled();
      return;
    }
    const { lastError } = world;
    errors.push(
      lastError instanceof RotationError ? lastError.name : lastError === undefined ? 'refused' : String(lastError),
    );
    if (!remedy(world, lastError)) break;
    world.driven = undefined;
  }
  world.ledger.breach ??= `new rotations do not converge, although each error's remedy is followed: ${errors.join(', ')}`;
}
