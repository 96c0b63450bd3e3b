import { type Environment, environmentSetting, invalid, type Tags, tagSetting, wholeNumber } from './setting.ts';

const LONGEST = 65_536; // PutSecretValue takes no more
const MINIMUM_BYTES = 14; // 112 bits, as for passwords
const MOST_BITS = 32_768; // as for passwords

/**
 * The length of the next binary key, in bytes: what the tag `rotation:length` says, else as long as the current one,
 * because a cipher takes keys of one length only. Neither may be below the environment's `MINIMUM_ENTROPY_BITS`, and a tag
 * not below 112 bits, unless the current key is.
 *
 * @throws InvalidSetting for a tag that is no length or chooses a charset, and for a key that would be too short
 */
export function keyLength(tags: Tags, environment: Environment, currentBytes: number): number {
  const charset = tagSetting(tags, 'rotation:charset');
  if (charset)
    throw invalid(charset, 'a binary secret has no charset. Remove the tag, or store the secret as a string.');
  const length = tagSetting(tags, 'rotation:length');
  const minimum = environmentSetting(environment, 'MINIMUM_ENTROPY_BITS');
  const floor = minimum && Math.ceil(wholeNumber(minimum, 1, MOST_BITS) / 8);
  if (length) return wholeNumber(length, floor ?? Math.min(MINIMUM_BYTES, currentBytes), LONGEST);
  if (minimum && floor !== undefined && currentBytes < floor) {
    throw invalid(
      minimum,
      `the current key has ${currentBytes} bytes. Set the tag rotation:length to ${floor} or more.`,
    );
  }
  return currentBytes;
}
