import * as z from 'zod';
import * as field from '../input.ts';
import type { Secret } from '../secret.ts';
import { epochSeconds, identity, operation } from './operation.ts';
import { tagList } from './tags.ts';

/** What DescribeSecret and ListSecrets both tell. A secret that was never rotated shows nothing of rotation. */
export function describe(secret: Secret) {
  const { rotation } = secret;
  return {
    ...identity(secret),
    Description: secret.description,
    KmsKeyId: secret.kmsKeyId,
    ...(rotation !== undefined && {
      RotationEnabled: rotation.enabled,
      RotationLambdaARN: rotation.functionArn,
      RotationRules: rotation.rules,
      LastRotatedDate: epochSeconds(rotation.lastRotated),
      NextRotationDate: epochSeconds(rotation.latest),
    }),
    LastChangedDate: epochSeconds(secret.lastChanged),
    LastAccessedDate: epochSeconds(secret.lastAccessed),
    // Sources differ on whether this is the day of the request or the day that it goes; we show the request.
    DeletedDate: epochSeconds(secret.deletion?.requested),
    CreatedDate: epochSeconds(secret.created),
    Tags: secret.tags.size === 0 ? undefined : tagList(secret.tags),
  };
}

const input = z.object({ SecretId: field.secretId });

export const describeSecret = operation(input, (request, { store }) => {
  const secret = store.find(request.SecretId);
  return { ...describe(secret), VersionIdsToStages: secret.versions.idsToStages() };
});
