import * as z from 'zod';
import { invalidRequest, tokenMissing } from '../errors.ts';
import * as field from '../input.ts';
import { identity, operation } from './operation.ts';

const input = z.object({
  SecretId: field.secretId,
  ClientRequestToken: field.clientRequestToken.optional(),
  SecretString: field.secretString.optional(),
  SecretBinary: field.secretBinary.optional(),
  VersionStages: field.stages.optional(),
  // Only its form is checked: who calls, and under which role, is not known here.
  RotationToken: field.rotationToken.optional(),
});

export const putSecretValue = operation(input, (request, { store }) => {
  if (request.ClientRequestToken === undefined) throw invalidRequest(tokenMissing);
  const value = field.valueIn(request);
  // Unverified.
  if (value === undefined) throw invalidRequest('You must provide either SecretString or SecretBinary.');
  const secret = store.findActive(request.SecretId);
  const version = store.put(secret, request.ClientRequestToken, value, request.VersionStages);
  return { ...identity(secret), VersionId: version.id, VersionStages: secret.versions.stagesOf(version.id) };
});
