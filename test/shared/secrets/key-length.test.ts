import { describe, expect, it } from 'vitest';
import { keyLength } from '../../../shared/secrets/key-length.ts';

const length = (current: number, tags: Record<string, string> = {}, environment: Record<string, string> = {}) =>
  keyLength(new Map(Object.entries(tags)), environment, current);
const tagged = (text: string) => ({ 'rotation:length': text });
const minimum = (bits: string) => ({ MINIMUM_ENTROPY_BITS: bits });

describe('the length of a binary key', () => {
  it.each([
    ['that of the current key, as ciphers take one length only', 32, {}, {}, 32],
    ['even if that is short: the deployer chose it', 8, {}, {}, 8],
    ['what the tag says', 32, tagged('64'), {}, 64],
    ['less than the current one, if the tag says so and 112 bits are left', 32, tagged('14'), {}, 14],
    ['as short as a current key below 112 bits', 8, tagged('8'), {}, 8],
    ['as long as Secrets Manager takes', 32, tagged('65536'), {}, 65_536],
    ['what the tag says, at the floor of the environment', 64, tagged('32'), minimum('256'), 32],
    ['that of the current key, at the floor of the environment', 16, {}, minimum('128'), 16],
    ['below 112 bits, if the environment allows it', 32, tagged('8'), minimum('64'), 8],
  ])('is %s', (_, current, tags, environment, expected) => {
    expect(length(current, tags, environment)).toBe(expected);
  });

  it.each([
    ['a tag that weakens the key below 112 bits', 32, tagged('13'), {}, 'rotation:length'],
    ['a tag below a short current key', 8, tagged('7'), {}, 'rotation:length'],
    ['a tag below the floor of the environment', 64, tagged('31'), minimum('256'), 'rotation:length'],
    ['a tag just below a floor that is not whole bytes', 64, tagged('16'), minimum('129'), 'rotation:length'],
    ['a current key below the floor of the environment', 16, {}, minimum('256'), 'rotation:length to 32'],
    ['a floor that is no number', 32, {}, minimum('much'), 'MINIMUM_ENTROPY_BITS'],
    ['a tag beyond what Secrets Manager takes', 32, tagged('65537'), {}, 'rotation:length'],
    ['a tag that is no number', 32, tagged('long'), {}, 'rotation:length'],
    ['an empty tag', 32, tagged(''), {}, 'rotation:length'],
    ['zero', 32, tagged('0'), {}, 'rotation:length'],
    ['a charset, which bytes do not have', 32, { 'rotation:charset': 'hex' }, {}, 'rotation:charset'],
  ])('cannot come from %s', (_, current, tags, environment, told) => {
    expect(() => length(current, tags, environment)).toThrow(
      expect.objectContaining({ name: 'InvalidSetting', message: expect.stringContaining(told) }),
    );
  });
});
