import { randomUUID } from 'node:crypto';
import { ServiceError } from './errors.ts';
import type { Rotations } from './rotation.ts';
import type { Secret } from './secret.ts';
import type { Store } from './store.ts';

/**
 * Starts the rotations whose window is open. One that fails comes again in its next window; a previous rotation that was
 * not completed is taken up again with its own token.
 *
 * @returns the secrets whose rotation began
 */
export function startDue(store: Store, rotations: Rotations, now: Date): readonly Secret[] {
  const started: Secret[] = [];
  for (const secret of store.all()) {
    const { rotation, versions } = secret;
    if (rotation?.due === undefined || !rotation.enabled || rotation.due > now || secret.deletion !== undefined)
      continue;
    if (rotations.running(secret.arn) !== undefined) continue;
    const pending = versions.holderOf('AWSPENDING')?.id;
    const unfinished = pending === versions.holderOf('AWSCURRENT')?.id ? undefined : pending;
    rotation.due = rotation.schedule?.(now).opens;
    try {
      rotations.start(secret, rotation.functionArn, unfinished ?? randomUUID());
      started.push(secret);
    } catch (error) {
      // Such as too many labels. The others must rotate all the same.
      if (!(error instanceof ServiceError)) throw error;
      console.error(`${secret.name} does not rotate: ${error.message}`);
    }
  }
  return started;
}
