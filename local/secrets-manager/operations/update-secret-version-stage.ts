import * as z from 'zod';
import * as field from '../input.ts';
import { identity, operation } from './operation.ts';

const input = z.object({
  SecretId: field.secretId,
  VersionStage: field.stage,
  MoveToVersionId: field.versionId.optional(),
  RemoveFromVersionId: field.versionId.optional(),
});

export const updateSecretVersionStage = operation(input, (request, { store }) => {
  const secret = store.findActive(request.SecretId);
  store.moveLabel(secret, request.VersionStage, request.MoveToVersionId, request.RemoveFromVersionId);
  return identity(secret);
});
