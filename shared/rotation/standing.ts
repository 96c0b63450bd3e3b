import { VersionNotStaged } from '../errors.ts';
import type { SecretStore } from '../secrets/secret-store.ts';
import type { RotationEvent } from './event.ts';
import type { Context } from './strategy.ts';
import { standing } from './version-stages.ts';

/** Where the event's version stands, as the service describes it. @throws VersionNotStaged */
export async function requireStaged(event: RotationEvent, context: Context): Promise<'pending' | 'current'> {
  const where = standing((await context.describe()).stages, event.token);
  if (where !== 'not staged') return where;
  throw new VersionNotStaged(
    `Version ${event.token} of ${event.secretId} holds neither AWSPENDING nor AWSCURRENT: its rotation was cancelled, refused, given up or replaced by another one. If the secret should be rotated, start anew: aws secretsmanager rotate-secret --secret-id ${event.secretId}`,
  );
}

/** A look at the staging labels that is older than this, in milliseconds, may not be acted upon. */
const FRESH_MS = 2_000;

/** For a step that may be held up between its look at the staging labels and what it does to the target. */
export interface PendingWatch {
  /** @throws VersionNotStaged if the version was released meanwhile. Asks the service only if the last look is old. */
  requireStillPending(): Promise<void>;
  /** The same, once the target was changed: says that it was. */
  requirePendingAfterwards(): Promise<void>;
}

export function pendingWatch(
  { secretId, token }: RotationEvent,
  store: Pick<SecretStore, 'describe'>,
  now: () => number = () => performance.now(),
): PendingWatch {
  let looked = now();
  const isPending = async () => {
    if (now() - looked < FRESH_MS) return true;
    const { stages } = await store.describe(secretId);
    looked = now();
    return standing(stages, token) !== 'not staged';
  };
  const rotation = `the rotation of ${secretId} to version ${token} was cancelled, given up or replaced by another one`;
  return {
    async requireStillPending() {
      if (await isPending()) return;
      throw new VersionNotStaged(`While this run was held up, ${rotation}. Nothing was changed.`);
    },
    async requirePendingAfterwards() {
      if (await isPending()) return;
      throw new VersionNotStaged(
        `While this run was held up, ${rotation}, but the target was changed: it may now accept version ${token}, which holds no label, and refuse AWSCURRENT. If AWSCURRENT is refused: 1. Make version ${token} current: aws secretsmanager update-secret-version-stage --secret-id ${secretId} --version-stage AWSCURRENT --move-to-version-id ${token} --remove-from-version-id CURRENT_VERSION. 2. Rotate again: aws secretsmanager rotate-secret --secret-id ${secretId}`,
      );
    },
  };
}
