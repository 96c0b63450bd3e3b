import { type Tags, tagSetting, truth } from '../secrets/setting.ts';

/** Declares that a single user keeps its old password beside the new one until the next rotation. */
export const OVERLAP_TAG = 'rotation:overlap';

/** @throws InvalidSetting if the tag is neither a yes nor a no */
export function overlapWanted(tags: Tags): boolean {
  const setting = tagSetting(tags, OVERLAP_TAG);
  return setting !== undefined && truth(setting);
}
