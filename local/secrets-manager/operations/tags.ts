import { invalidParameter, ServiceError } from '../errors.ts';

const maxTags = 50;

/** The tags after new ones are added. Limits are documented, texts unverified. */
export function checkedTags(
  present: ReadonlyMap<string, string>,
  added: readonly { readonly Key: string; readonly Value: string }[],
): Map<string, string> {
  if (added.some(({ Key }) => Key.toLowerCase().startsWith('aws:'))) {
    throw invalidParameter('Tag keys that begin with aws: are reserved.');
  }
  const tags = new Map([...present, ...added.map(({ Key, Value }) => [Key, Value] as const)]);
  if (tags.size > maxTags) {
    throw new ServiceError('LimitExceededException', `A secret can have at most ${maxTags} tags.`);
  }
  return tags;
}

export const tagList = (tags: ReadonlyMap<string, string>) => [...tags].map(([Key, Value]) => ({ Key, Value }));
