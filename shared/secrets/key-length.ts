import { invalid, type Tags, tagSetting, wholeNumber } from './setting.ts';

const LONGEST = 65_536; // PutSecretValue takes no more
const MINIMUM_BYTES = 14; // 112 bits, as for passwords

/**
 * The length of the next binary key, in bytes: what the tag `rotation:length` says, else as long as the current one,
 * because a cipher takes keys of one length only.
 *
 * @throws InvalidSetting for a tag that is no length, shortens the key below 112 bits, or chooses a charset
 */
export function keyLength(tags: Tags, currentBytes: number): number {
  const charset = tagSetting(tags, 'rotation:charset');
  if (charset)
    throw invalid(charset, 'a binary secret has no charset. Remove the tag, or store the secret as a string.');
  const length = tagSetting(tags, 'rotation:length');
  return length ? wholeNumber(length, Math.min(MINIMUM_BYTES, currentBytes), LONGEST) : currentBytes;
}
