import { randomBytes, randomUUID } from 'node:crypto';
import { InvalidSetting } from '../errors.ts';
import { Sensitive } from './sensitive.ts';

/** Passwords drawn character by character. `length` counts characters. */
export interface CharacterPolicy {
  readonly shape: 'ascii' | 'alphanumeric' | 'digits';
  readonly length: number;
  readonly excludeCharacters: string;
  readonly excludeUppercase: boolean;
  readonly excludeLowercase: boolean;
  readonly excludeNumbers: boolean;
  readonly excludePunctuation: boolean;
  /** At least one character of each type (uppercase, lowercase, digit, punctuation) that is not excluded altogether. */
  readonly requireEachIncludedType: boolean;
}

/** Random bytes in an encoding. `length` counts the bytes before encoding, as `openssl rand` does. */
export interface EncodedPolicy {
  readonly shape: 'hex' | 'base64' | 'base64url';
  readonly length: number;
}

export type PasswordPolicy = CharacterPolicy | EncodedPolicy | { readonly shape: 'uuid' };

/** `count` bytes from a cryptographic source; a parameter so that tests can enumerate every outcome. */
export type RandomBytes = (count: number) => Uint8Array;

const UPPERCASE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const LOWERCASE = 'abcdefghijklmnopqrstuvwxyz';
const NUMBERS = '0123456789';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/**
 * The least likely policy to meet by chance has four characters of types sized 32, 1, 1 and 1: one string in 1,954 has
 * all four. Missing that 200,000 times has a probability below 2^-147.
 */
const ATTEMPTS = 200_000;

/** @throws InvalidSetting if no password can meet the policy. */
export function randomPassword(policy: PasswordPolicy, random: RandomBytes = randomBytes): Sensitive {
  switch (policy.shape) {
    case 'uuid':
      return new Sensitive(randomUUID());
    case 'hex':
    case 'base64':
    case 'base64url':
      return new Sensitive(Buffer.from(random(policy.length)).toString(policy.shape));
    default:
      return new Sensitive(randomCharacters(policy, random));
  }
}

/** Whether `randomPassword` could have drawn this text. */
export function meetsPolicy(policy: PasswordPolicy, text: string): boolean {
  switch (policy.shape) {
    case 'uuid':
      return /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(text);
    case 'hex':
    case 'base64':
    case 'base64url': {
      const bytes = Buffer.from(text, policy.shape);
      return bytes.length === policy.length && bytes.toString(policy.shape) === text;
    }
    default: {
      const alphabet = includedTypes(policy).join('');
      const drawn = text.length === policy.length && [...text].every((c) => alphabet.includes(c));
      return drawn && hasEach(requiredTypes(policy), text);
    }
  }
}

export function randomKey(bytes: number): Sensitive<Uint8Array> {
  return new Sensitive<Uint8Array>(randomBytes(bytes));
}

/** The characters to draw from, one string a type; types with nothing left are not included. */
export function includedTypes(policy: CharacterPolicy): string[] {
  const types = [
    policy.shape === 'digits' || policy.excludeUppercase ? '' : UPPERCASE,
    policy.shape === 'digits' || policy.excludeLowercase ? '' : LOWERCASE,
    policy.excludeNumbers ? '' : NUMBERS,
    policy.shape !== 'ascii' || policy.excludePunctuation ? '' : PUNCTUATION,
  ];
  const excluded = new Set(policy.excludeCharacters);
  return types.map((type) => [...type].filter((c) => !excluded.has(c)).join('')).filter((type) => type !== '');
}

/**
 * The largest whole number of bits that the number of possible passwords reaches: floor(log2(count)), exact.
 * A policy that no password can meet has 0 bits.
 */
export function strengthInBits(policy: PasswordPolicy): number {
  switch (policy.shape) {
    case 'uuid':
      return 122; // RFC 9562, section 5.4: six of the 128 bits are version and variant
    case 'hex':
    case 'base64':
    case 'base64url':
      return policy.length * 8;
    default: {
      const count = possiblePasswords(policy);
      return count < 1n ? 0 : count.toString(2).length - 1;
    }
  }
}

/** Inclusion and exclusion over the types that a string could lack. */
function possiblePasswords(policy: CharacterPolicy): bigint {
  const sizes = includedTypes(policy).map((type) => type.length);
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const optional = policy.requireEachIncludedType ? sizes : [];
  let terms = [{ size: all, sign: 1n }];
  for (const lacking of optional) {
    terms = terms.concat(terms.map(({ size, sign }) => ({ size: size - lacking, sign: -sign })));
  }
  return terms.reduce((sum, { size, sign }) => sum + sign * BigInt(size) ** BigInt(policy.length), 0n);
}

/**
 * Whole strings are drawn until one has every required type, so that each string that meets the policy stays equally
 * likely. Placing one character of each type first and filling up would favour strings with few of a type.
 */
function randomCharacters(policy: CharacterPolicy, random: RandomBytes): string {
  const types = includedTypes(policy);
  const required = requiredTypes(policy);
  if (types.length === 0 || policy.length < Math.max(1, required.length)) {
    throw new InvalidSetting('No password can meet the policy: exclude less, or make it longer.');
  }
  const alphabet = types.join('');
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const text = draw(alphabet, policy.length, random);
    if (hasEach(required, text)) {
      return text;
    }
  }
  throw new Error('The random source is broken: it never gave a password with every required type of character.');
}

function requiredTypes(policy: CharacterPolicy): string[] {
  return policy.requireEachIncludedType ? includedTypes(policy) : [];
}

function hasEach(types: readonly string[], text: string): boolean {
  return types.every((type) => [...text].some((c) => type.includes(c)));
}

/** Bytes past the last whole multiple of the alphabet are thrown away: a remainder would favour its first characters. */
function draw(alphabet: string, length: number, random: RandomBytes): string {
  const limit = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < length) {
    // More than half of all bytes are used, whatever the alphabet: twice as many are seldom too few.
    for (const byte of random(2 * (length - text.length))) {
      if (byte < limit && text.length < length) {
        text += alphabet.charAt(byte % alphabet.length);
      }
    }
  }
  return text;
}
