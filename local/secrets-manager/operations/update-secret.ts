import * as z from 'zod';
import { invalidRequest, tokenMissing } from '../errors.ts';
import * as field from '../input.ts';
import { identity, operation } from './operation.ts';

const input = z.object({
  SecretId: field.secretId,
  ClientRequestToken: field.clientRequestToken.optional(),
  Description: field.description.optional(),
  KmsKeyId: field.kmsKeyId.optional(),
  SecretString: field.secretString.optional(),
  SecretBinary: field.secretBinary.optional(),
});

export const updateSecret = operation(input, (request, { store }) => {
  if (request.ClientRequestToken === undefined) throw invalidRequest(tokenMissing);
  const value = field.valueIn(request);
  const secret = store.findActive(request.SecretId);
  const version = value === undefined ? undefined : store.put(secret, request.ClientRequestToken, value, undefined);
  secret.description = request.Description ?? secret.description;
  secret.kmsKeyId = request.KmsKeyId ?? secret.kmsKeyId;
  secret.lastChanged = store.now();
  return { ...identity(secret), VersionId: version?.id };
});
