import * as z from 'zod';
import { invalidRequest, tokenMissing } from '../errors.ts';
import * as field from '../input.ts';
import { identity, operation } from './operation.ts';
import { checkedTags } from './tags.ts';

const input = z.object({
  Name: field.secretName,
  ClientRequestToken: field.clientRequestToken.optional(),
  Description: field.description.optional(),
  KmsKeyId: field.kmsKeyId.optional(),
  SecretString: field.secretString.optional(),
  SecretBinary: field.secretBinary.optional(),
  Tags: field.tags.optional(),
});

export const createSecret = operation(input, (request, { store }) => {
  if (request.ClientRequestToken === undefined) throw invalidRequest(tokenMissing);
  const value = field.valueIn(request);
  const details = {
    description: request.Description,
    kmsKeyId: request.KmsKeyId,
    tags: checkedTags(new Map(), request.Tags ?? []),
  };
  const secret = store.create(request.Name, details, request.ClientRequestToken, value);
  return { ...identity(secret), VersionId: value === undefined ? undefined : request.ClientRequestToken };
});
