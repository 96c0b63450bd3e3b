import { oneOf, type Tags, tagSetting } from '../secrets/setting.ts';

/** When the key of AWSPREVIOUS ends: with the next rotation (the default), or as soon as it is replaced. */
const RETIRE_TAG = 'rotation:retire';

/** @throws InvalidSetting if the tag is neither */
export function retiresAtOnce(tags: Tags): boolean {
  const setting = tagSetting(tags, RETIRE_TAG);
  return setting !== undefined && oneOf(setting, ['next-rotation', 'at-once']) === 'at-once';
}
