import type { Tags } from '../secrets/setting.ts';

/** Names fields of a JSON secret, separated by spaces. */
export const FIELDS_TAG = 'rotation:fields';

/** Each name once, in the order of the tag; `undefined` without the tag, and empty if it names nothing. */
export function taggedFields(tags: Tags): readonly string[] | undefined {
  const text = tags.get(FIELDS_TAG);
  return text === undefined ? undefined : [...new Set(text.split(' ').filter((name) => name !== ''))];
}
