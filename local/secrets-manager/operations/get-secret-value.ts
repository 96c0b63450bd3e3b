import * as z from 'zod';
import * as field from '../input.ts';
import { epochSeconds, identity, operation } from './operation.ts';

const input = z.object({
  SecretId: field.secretId,
  VersionId: field.versionId.optional(),
  VersionStage: field.stage.optional(),
});

export const getSecretValue = operation(input, (request, { store }) => {
  const secret = store.findActive(request.SecretId);
  const version = store.read(secret, request.VersionId, request.VersionStage);
  return {
    ...identity(secret),
    VersionId: version.id,
    ...version.value,
    VersionStages: secret.versions.stagesOf(version.id),
    CreatedDate: epochSeconds(version.created),
  };
});
