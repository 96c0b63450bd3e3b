import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidSetting } from '../../../shared/errors.ts';
import { strengthInBits } from '../../../shared/secrets/password.ts';
import { passwordPolicy } from '../../../shared/secrets/password-settings.ts';

type Settings = Record<string, string>;
const policyOf = (tags: Settings, environment: Settings = {}) =>
  passwordPolicy(new Map(Object.entries(tags)), environment);

const DEFAULTS = {
  shape: 'ascii',
  length: 32,
  excludeCharacters: '/@"\'\\',
  excludeUppercase: false,
  excludeLowercase: false,
  excludeNumbers: false,
  excludePunctuation: false,
  requireEachIncludedType: true,
};

describe('the password policy', () => {
  it.each<[string, Settings, Settings, object]>([
    ['has the defaults of the AWS templates', {}, {}, DEFAULTS],
    ['ignores other tags', { 'rotation:fields': 'a b', team: 'x' }, {}, DEFAULTS],
    ['takes the length from the environment, however short', {}, { PASSWORD_LENGTH: '8' }, { ...DEFAULTS, length: 8 }],
    [
      'takes a longer length from the tag',
      { 'rotation:length': '40' },
      { PASSWORD_LENGTH: '36' },
      { ...DEFAULTS, length: 40 },
    ],
    [
      'takes a shorter length than the default from the tag',
      { 'rotation:length': '20' },
      {},
      { ...DEFAULTS, length: 20 },
    ],
    ['excludes nothing if told so', {}, { EXCLUDE_CHARACTERS: '' }, { ...DEFAULTS, excludeCharacters: '' }],
    ['excludes characters', {}, { EXCLUDE_CHARACTERS: ':;é' }, { ...DEFAULTS, excludeCharacters: ':;é' }],
    [
      'excludes types',
      {},
      { EXCLUDE_UPPERCASE: 'TRUE', EXCLUDE_NUMBERS: '1', EXCLUDE_PUNCTUATION: 'Yes', EXCLUDE_LOWERCASE: 'no' },
      { ...DEFAULTS, excludeUppercase: true, excludeNumbers: true, excludePunctuation: true },
    ],
    [
      'need not require each type',
      {},
      { REQUIRE_EACH_INCLUDED_TYPE: 'False' },
      { ...DEFAULTS, requireEachIncludedType: false },
    ],
    ['takes the charset from the environment', {}, { PASSWORD_CHARSET: 'hex' }, { shape: 'hex', length: 32 }],
    [
      'prefers the charset of the tag',
      { 'rotation:charset': 'base64url' },
      { PASSWORD_CHARSET: 'hex' },
      { shape: 'base64url', length: 32 },
    ],
    [
      'does not apply default exclusions to encodings',
      { 'rotation:charset': 'base64' },
      {},
      { shape: 'base64', length: 32 },
    ],
    [
      'lets exclusions stand that an encoding meets',
      { 'rotation:charset': 'hex' },
      { EXCLUDE_CHARACTERS: 'xyz/', EXCLUDE_UPPERCASE: 'true', EXCLUDE_PUNCTUATION: 'y' },
      { shape: 'hex', length: 32 },
    ],
    [
      'lets = be excluded from base64 without padding',
      { 'rotation:charset': 'base64', 'rotation:length': '33' },
      { EXCLUDE_CHARACTERS: '=' },
      { shape: 'base64', length: 33 },
    ],
    ['makes a uuid', { 'rotation:charset': 'uuid' }, {}, { shape: 'uuid' }],
    [
      'makes a uuid that is as long as PASSWORD_LENGTH',
      { 'rotation:charset': 'uuid' },
      { PASSWORD_LENGTH: '36' },
      { shape: 'uuid' },
    ],
    [
      'makes weak passwords if the deployer says so',
      {},
      { PASSWORD_CHARSET: 'digits', PASSWORD_LENGTH: '1' },
      { ...DEFAULTS, shape: 'digits', length: 1 },
    ],
    [
      'lets a tag go as low as the deployer allows',
      { 'rotation:charset': 'digits', 'rotation:length': '6' },
      { MINIMUM_ENTROPY_BITS: '19' },
      { ...DEFAULTS, shape: 'digits', length: 6 },
    ],
    ['takes the longest length', { 'rotation:length': '4096' }, {}, { ...DEFAULTS, length: 4096 }],
  ])('%s', (_, tags, environment, policy) => {
    expect(policyOf(tags, environment)).toEqual(policy);
  });

  it.each<[Settings, Settings, string[]]>([
    // what is malformed
    [{ 'rotation:length': '0' }, {}, ['tag rotation:length', '"0"', '1 to 4096']],
    [{ 'rotation:length': '4097' }, {}, ['tag rotation:length', '"4097"', '1 to 4096']],
    [{ 'rotation:length': '' }, {}, ['tag rotation:length', '""', '1 to 4096']],
    [{ 'rotation:length': '32.5' }, {}, ['tag rotation:length', '"32.5"']],
    [{ 'rotation:length': '3e1' }, {}, ['tag rotation:length', '"3e1"']],
    [{ 'rotation:length': '-32' }, {}, ['tag rotation:length', '"-32"']],
    [{}, { PASSWORD_LENGTH: 'many' }, ['variable PASSWORD_LENGTH', '"many"', '1 to 4096']],
    [{ 'rotation:length': '40' }, { PASSWORD_LENGTH: 'many' }, ['variable PASSWORD_LENGTH']],
    [
      { 'rotation:charset': 'ASCII' },
      {},
      ['tag rotation:charset', 'ascii, alphanumeric, digits, hex, base64, base64url, uuid'],
    ],
    [{}, { PASSWORD_CHARSET: 'emoji' }, ['variable PASSWORD_CHARSET', '"emoji"', 'base64url']],
    [{}, { EXCLUDE_NUMBERS: 'ture' }, ['variable EXCLUDE_NUMBERS', '"ture"', 'true']],
    [{}, { REQUIRE_EACH_INCLUDED_TYPE: '' }, ['variable REQUIRE_EACH_INCLUDED_TYPE']],
    [{}, { PASSWORD_CHARSET: 'hex', EXCLUDE_NUMBERS: 'ture' }, ['variable EXCLUDE_NUMBERS']],
    [{}, { PASSWORD_CHARSET: 'hex', REQUIRE_EACH_INCLUDED_TYPE: 'ture' }, ['variable REQUIRE_EACH_INCLUDED_TYPE']],
    [{}, { MINIMUM_ENTROPY_BITS: '0' }, ['variable MINIMUM_ENTROPY_BITS', '1 to 32768']],
    [{}, { MINIMUM_ENTROPY_BITS: 'lots' }, ['variable MINIMUM_ENTROPY_BITS', '"lots"']],
    // what a tag may not weaken
    [{ 'rotation:length': '31' }, { PASSWORD_LENGTH: '32' }, ['tag rotation:length', '"31"', 'PASSWORD_LENGTH, 32']],
    [{ 'rotation:length': '16' }, {}, ['103 bits', '112', 'rotation:length to at least 18']], // log2(89) = 6.476
    // 8 * log2(89) = 51.8, and half of these strings have every type
    [{ 'rotation:length': '8' }, { PASSWORD_LENGTH: '8' }, ['50 bits', '112']],
    [{ 'rotation:charset': 'digits' }, {}, ['106 bits', '112', 'rotation:length to at least 34']], // 112 / log2(10) = 33.7
    [{ 'rotation:charset': 'ascii' }, { PASSWORD_LENGTH: '8' }, ['50 bits', '112']],
    [{ 'rotation:charset': 'hex', 'rotation:length': '13' }, {}, ['104 bits', 'rotation:length to at least 14']],
    [{ 'rotation:charset': 'uuid' }, { MINIMUM_ENTROPY_BITS: '128' }, ['122 bits', '128', 'another charset']],
    [{ 'rotation:charset': 'uuid' }, { PASSWORD_LENGTH: '37' }, ['tag rotation:charset', '36', '37']],
    // what the deployer asks of the environment
    [{}, { MINIMUM_ENTROPY_BITS: '128', PASSWORD_LENGTH: '8' }, ['50 bits', '128', 'PASSWORD_LENGTH to at least 20']],
    [{}, { MINIMUM_ENTROPY_BITS: '32768' }, ['207 bits', '32768', 'another charset']],
    // what cannot be
    [{ 'rotation:length': '40', 'rotation:charset': 'uuid' }, {}, ['tag rotation:length', 'uuid']],
    [{ 'rotation:length': '40' }, { PASSWORD_CHARSET: 'uuid' }, ['tag rotation:length', 'uuid']],
    [{}, { PASSWORD_CHARSET: 'uuid', PASSWORD_LENGTH: '32' }, ['variable PASSWORD_LENGTH', 'uuid']],
    [{ 'rotation:charset': 'hex' }, { EXCLUDE_CHARACTERS: '!f' }, ['variable EXCLUDE_CHARACTERS', 'hex']],
    [{ 'rotation:charset': 'base64' }, { EXCLUDE_CHARACTERS: '/@"\'\\' }, ['variable EXCLUDE_CHARACTERS', 'base64']],
    [{ 'rotation:charset': 'base64' }, { EXCLUDE_CHARACTERS: '=' }, ['variable EXCLUDE_CHARACTERS', 'base64']],
    [{ 'rotation:charset': 'base64url' }, { EXCLUDE_PUNCTUATION: 'true' }, ['variable EXCLUDE_PUNCTUATION']],
    [{ 'rotation:charset': 'base64url' }, { EXCLUDE_UPPERCASE: 'true' }, ['variable EXCLUDE_UPPERCASE']],
    [{ 'rotation:charset': 'uuid' }, { EXCLUDE_LOWERCASE: 'true' }, ['variable EXCLUDE_LOWERCASE']],
    [{ 'rotation:charset': 'hex' }, { EXCLUDE_NUMBERS: 'true' }, ['variable EXCLUDE_NUMBERS']],
    [
      { 'rotation:charset': 'hex' },
      { REQUIRE_EACH_INCLUDED_TYPE: 'true' },
      ['variable REQUIRE_EACH_INCLUDED_TYPE', 'hex'],
    ],
    [{ 'rotation:charset': 'digits' }, { EXCLUDE_NUMBERS: 'true' }, ['EXCLUDE_', 'digits']],
    [
      {},
      {
        PASSWORD_CHARSET: 'alphanumeric',
        EXCLUDE_UPPERCASE: '1',
        EXCLUDE_LOWERCASE: '1',
        EXCLUDE_CHARACTERS: '0123456789',
      },
      ['EXCLUDE_', 'alphanumeric'],
    ],
    [{}, { PASSWORD_LENGTH: '3' }, ['length 3', '4 types', 'REQUIRE_EACH_INCLUDED_TYPE']],
  ])('refuses the tags %o with the environment %o', (tags, environment, words) => {
    expect(() => policyOf(tags, environment)).toThrow(InvalidSetting);
    for (const word of words) {
      expect(() => policyOf(tags, environment)).toThrow(word);
    }
  });

  it('never lets a tag go below the floors', () => {
    const maybe = (values: string[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
    const charsets = ['ascii', 'alphanumeric', 'digits', 'hex', 'base64', 'base64url', 'uuid', 'x'];
    fc.assert(
      fc.property(
        fc.record({ length: maybe(['1', '12', '32', '40', '200', 'x']), charset: maybe(charsets) }),
        fc.record({
          PASSWORD_LENGTH: maybe(['4', '16', '33', '64']),
          PASSWORD_CHARSET: maybe(charsets),
          EXCLUDE_PUNCTUATION: maybe(['true', 'false']),
          EXCLUDE_CHARACTERS: maybe(['', 'abc', '/+=']),
          MINIMUM_ENTROPY_BITS: maybe(['64', '128']),
        }),
        ({ length, charset }, environment) => {
          const tags = new Map(
            Object.entries({ 'rotation:length': length, 'rotation:charset': charset }).flatMap(([name, value]) =>
              value === undefined ? [] : [[name, value] as const],
            ),
          );
          try {
            const policy = passwordPolicy(tags, environment);
            if (tags.size > 0) {
              expect(strengthInBits(policy)).toBeGreaterThanOrEqual(Number(environment.MINIMUM_ENTROPY_BITS ?? 112));
            }
            if (policy.shape !== 'uuid') {
              expect(policy.length).toBeGreaterThanOrEqual(Number(environment.PASSWORD_LENGTH ?? 1));
            }
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidSetting);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
