import { InvalidSetting } from '../errors.ts';
import { type CharacterPolicy, includedTypes, type PasswordPolicy, strengthInBits } from './password.ts';
import { exclusions, refuseCollisions } from './password-exclusions.ts';
import {
  described,
  type Environment,
  environmentSetting,
  invalid,
  oneOf,
  type Setting,
  type Tags,
  tagSetting,
  truth,
  wholeNumber,
} from './setting.ts';

const SHAPES = ['ascii', 'alphanumeric', 'digits', 'hex', 'base64', 'base64url', 'uuid'] as const;
const LONGEST = 4096;
const DEFAULT_LENGTH = 32;
/** The least security strength that NIST SP 800-131A (revision 2) still accepts. */
const DEFAULT_MINIMUM_BITS = 112;
const UUID_CHARACTERS = 36;

/**
 * How the passwords of one secret are made: its tags (`rotation:length`, `rotation:charset`), then the function's
 * environment (the variables of the AWS-provided templates, `PASSWORD_CHARSET`, `MINIMUM_ENTROPY_BITS`), then defaults.
 *
 * Whoever may tag a secret need not be who deployed the function, so what a tag chooses may not go below an explicit
 * `PASSWORD_LENGTH`, nor below `MINIMUM_ENTROPY_BITS` (112 unless set). What the environment alone chooses is the
 * deployer's own decision, and is held to `MINIMUM_ENTROPY_BITS` only if that is set as well.
 *
 * @throws InvalidSetting, with the tag or variable, what is wrong, and what is accepted. No setting is ever ignored.
 */
export function passwordPolicy(tags: Tags, environment: Environment): PasswordPolicy {
  const charset = tagSetting(tags, 'rotation:charset') ?? environmentSetting(environment, 'PASSWORD_CHARSET');
  const shape = charset === undefined ? 'ascii' : oneOf(charset, SHAPES);
  const policy = shape === 'uuid' ? uuidPolicy(tags, environment, charset) : sizedPolicy(shape, tags, environment);
  refuseWhatCannotBe(policy, environment, charset);
  refuseWeakness(policy, tags, environment);
  return policy;
}

function sizedPolicy(
  shape: Exclude<(typeof SHAPES)[number], 'uuid'>,
  tags: Tags,
  environment: Environment,
): Exclude<PasswordPolicy, { shape: 'uuid' }> {
  const deployed = environmentSetting(environment, 'PASSWORD_LENGTH');
  const tagged = tagSetting(tags, 'rotation:length');
  const floor = deployed && wholeNumber(deployed, 1, LONGEST);
  const length = tagged ? wholeNumber(tagged, 1, LONGEST) : (floor ?? DEFAULT_LENGTH);
  if (tagged && floor !== undefined && length < floor) {
    throw invalid(tagged, `it must be at least PASSWORD_LENGTH, ${floor}. A tag can only make passwords longer.`);
  }
  if (shape === 'hex' || shape === 'base64' || shape === 'base64url') {
    return { shape, length };
  }
  const require = environmentSetting(environment, 'REQUIRE_EACH_INCLUDED_TYPE');
  return {
    shape,
    length,
    ...exclusions(environment),
    requireEachIncludedType: require === undefined || truth(require),
  };
}

function uuidPolicy(tags: Tags, environment: Environment, charset: Setting | undefined): PasswordPolicy {
  const tagged = tagSetting(tags, 'rotation:length');
  if (tagged) {
    throw invalid(tagged, 'a uuid has a fixed length. Remove the tag, or choose another charset.');
  }
  const deployed = environmentSetting(environment, 'PASSWORD_LENGTH');
  if (deployed) {
    const floor = wholeNumber(deployed, 1, LONGEST);
    if (charset?.from === 'environment') {
      throw invalid(deployed, 'a uuid (PASSWORD_CHARSET) has a fixed length. Remove one of the two variables.');
    }
    if (charset && floor > UUID_CHARACTERS) {
      throw invalid(
        charset,
        `a uuid has ${UUID_CHARACTERS} characters, fewer than PASSWORD_LENGTH, ${floor}. Choose another charset.`,
      );
    }
  }
  return { shape: 'uuid' };
}

function refuseWhatCannotBe(policy: PasswordPolicy, environment: Environment, charset: Setting | undefined): void {
  if ('excludeCharacters' in policy) {
    refuseEmptyAlphabet(policy);
    return;
  }
  // Read for their errors as well: a misspelt variable is wrong even where it would not be used.
  exclusions(environment);
  refuseCollisions(environment, policy);
  const require = environmentSetting(environment, 'REQUIRE_EACH_INCLUDED_TYPE');
  if (require && truth(require)) {
    throw invalid(
      require,
      `${policy.shape}${charset ? ` (${described(charset)})` : ''} cannot promise every type of character. Remove it, or choose ascii or alphanumeric.`,
    );
  }
}

function refuseEmptyAlphabet(policy: CharacterPolicy): void {
  const types = includedTypes(policy);
  if (types.length === 0) {
    throw new InvalidSetting(
      `The EXCLUDE_… environment variables leave no character for the charset ${policy.shape}: exclude less.`,
    );
  }
  if (policy.requireEachIncludedType && policy.length < types.length) {
    throw new InvalidSetting(
      `A password of length ${policy.length} cannot hold one character of each of ${types.length} types: set the tag rotation:length or PASSWORD_LENGTH to ${types.length} or more, or REQUIRE_EACH_INCLUDED_TYPE to false.`,
    );
  }
}

function refuseWeakness(policy: PasswordPolicy, tags: Tags, environment: Environment): void {
  const minimum = environmentSetting(environment, 'MINIMUM_ENTROPY_BITS');
  const wanted = minimum ? wholeNumber(minimum, 1, LONGEST * 8) : DEFAULT_MINIMUM_BITS;
  const tag = tagSetting(tags, 'rotation:length') ?? tagSetting(tags, 'rotation:charset');
  const bits = strengthInBits(policy);
  if (bits >= wanted || (tag === undefined && minimum === undefined)) {
    return;
  }
  const chosen = policy.shape === 'uuid' ? 'A uuid' : `The charset ${policy.shape} with length ${policy.length}`;
  const where = tag ? 'the tag rotation:length' : 'PASSWORD_LENGTH';
  const needed = policy.shape === 'uuid' ? undefined : shortestWith(wanted, policy);
  const remedy = needed === undefined ? 'choose another charset' : `set ${where} to at least ${needed}`;
  throw new InvalidSetting(
    `${chosen} has ${bits} bits of entropy, and MINIMUM_ENTROPY_BITS asks for ${wanted}: ${remedy}, or have the function's deployer lower MINIMUM_ENTROPY_BITS.`,
  );
}

/** Strength never falls as length grows, so the shortest that suffices is found by halving. */
function shortestWith(bits: number, policy: Exclude<PasswordPolicy, { shape: 'uuid' }>): number | undefined {
  let low = policy.length;
  let high = LONGEST;
  if (strengthInBits({ ...policy, length: high }) < bits) {
    return undefined;
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (strengthInBits({ ...policy, length: middle }) >= bits) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}
