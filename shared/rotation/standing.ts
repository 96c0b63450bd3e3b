import { VersionNotStaged } from '../errors.ts';
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
