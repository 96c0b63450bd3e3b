import * as z from 'zod';
import * as field from '../input.ts';
import { operation } from './operation.ts';
import { checkedTags } from './tags.ts';

const input = z.object({ SecretId: field.secretId, Tags: field.tags });

export const tagResource = operation(input, (request, { store }) => {
  const secret = store.findActive(request.SecretId);
  for (const [key, value] of checkedTags(secret.tags, request.Tags)) secret.tags.set(key, value);
  return {};
});
