import * as z from 'zod';
import { invalidParameter, markedForDeletion, ServiceError } from '../errors.ts';
import * as field from '../input.ts';
import { nameIn } from '../secret-id.ts';
import type { Store } from '../store.ts';
import { epochSeconds, identity, operation } from './operation.ts';

const input = z.object({
  SecretId: field.secretId,
  RecoveryWindowInDays: z.int().optional(),
  ForceDeleteWithoutRecovery: z.boolean().optional(),
});

const longestRecovery = 30;
const shortestRecovery = 7;

export const deleteSecret = operation(input, (request, { store, rotations }) => {
  const days = request.RecoveryWindowInDays;
  const force = request.ForceDeleteWithoutRecovery === true;
  // Both are documented; the texts are unverified.
  if (force && days !== undefined) {
    throw invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
  }
  if (days !== undefined && (days < shortestRecovery || days > longestRecovery)) {
    throw invalidParameter(
      `The RecoveryWindowInDays value must be between ${shortestRecovery} and ${longestRecovery} days (inclusive).`,
    );
  }
  if (force) return deleteAtOnce(request.SecretId, store, rotations.cancel);
  const secret = store.find(request.SecretId);
  if (secret.deletion !== undefined) throw markedForDeletion();
  return { ...identity(secret), DeletionDate: epochSeconds(store.markForDeletion(secret, days ?? longestRecovery)) };
});

/** Succeeds for a secret that does not exist too: a script may repeat it. */
function deleteAtOnce(secretId: string, store: Store, cancelRotation: (arn: string) => void): object {
  const DeletionDate = epochSeconds(store.now());
  try {
    const secret = store.find(secretId);
    cancelRotation(secret.arn);
    store.remove(secret);
    return { ...identity(secret), DeletionDate };
  } catch (error) {
    if (!(error instanceof ServiceError && error.code === 'ResourceNotFoundException')) throw error;
    const name = nameIn(secretId);
    return { ARN: secretId === name ? store.newArn(name) : secretId, Name: name, DeletionDate };
  }
}
