import * as z from 'zod';
import { noRotationFunction } from '../errors.ts';
import * as field from '../input.ts';
import { reschedule } from '../secret.ts';
import { identity, operation } from './operation.ts';

const input = z.object({ SecretId: field.secretId });

/** AWSPENDING stays where it is, and so do the function and the rules. */
export const cancelRotateSecret = operation(input, (request, { store, rotations }) => {
  const secret = store.findActive(request.SecretId);
  // Unverified: what cancelling says where nothing was ever configured.
  if (secret.rotation === undefined) throw noRotationFunction();
  secret.rotation.enabled = false;
  reschedule(secret.rotation, store.now());
  const cancelled = rotations.cancel(secret.arn);
  return { ...identity(secret), VersionId: cancelled };
});
