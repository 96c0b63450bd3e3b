import * as z from 'zod';
import * as field from '../input.ts';
import { operation } from './operation.ts';

const input = z.object({ SecretId: field.secretId, TagKeys: z.array(field.tagKey) });

export const untagResource = operation(input, (request, { store }) => {
  const secret = store.findActive(request.SecretId);
  for (const key of request.TagKeys) secret.tags.delete(key);
  return {};
});
