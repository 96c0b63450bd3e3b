import type { CharacterPolicy, EncodedPolicy } from './password.ts';
import { type Environment, environmentSetting, invalid, truth } from './setting.ts';

export type Exclusions = Pick<
  CharacterPolicy,
  'excludeCharacters' | 'excludeUppercase' | 'excludeLowercase' | 'excludeNumbers' | 'excludePunctuation'
>;

/** What the AWS-provided rotation templates exclude by default: characters that break URLs, quotes and shells. */
const DEFAULT_EXCLUDED_CHARACTERS = '/@"\'\\';

export function exclusions(environment: Environment): Exclusions {
  return {
    excludeCharacters: environmentSetting(environment, 'EXCLUDE_CHARACTERS')?.text ?? DEFAULT_EXCLUDED_CHARACTERS,
    excludeUppercase: isOn(environment, 'EXCLUDE_UPPERCASE'),
    excludeLowercase: isOn(environment, 'EXCLUDE_LOWERCASE'),
    excludeNumbers: isOn(environment, 'EXCLUDE_NUMBERS'),
    excludePunctuation: isOn(environment, 'EXCLUDE_PUNCTUATION'),
  };
}

/**
 * An encoding cannot leave characters out, so an exclusion that somebody wrote down and that it would break is an error.
 * The default exclusions are nobody's wish and do not count.
 * @throws InvalidSetting
 */
export function refuseCollisions(environment: Environment, policy: EncodedPolicy | { readonly shape: 'uuid' }): void {
  const alphabet = encodingAlphabet(policy);
  const characters = environmentSetting(environment, 'EXCLUDE_CHARACTERS');
  const collisions = [
    { setting: characters, collides: [...alphabet].some((c) => characters?.text.includes(c)) },
    ...[
      { name: 'EXCLUDE_UPPERCASE', type: /[A-Z]/ },
      { name: 'EXCLUDE_LOWERCASE', type: /[a-z]/ },
      { name: 'EXCLUDE_NUMBERS', type: /[0-9]/ },
      { name: 'EXCLUDE_PUNCTUATION', type: /[^A-Za-z0-9]/ },
    ].map(({ name, type }) => ({
      setting: environmentSetting(environment, name),
      collides: isOn(environment, name) && type.test(alphabet),
    })),
  ];
  for (const { setting, collides } of collisions) {
    if (setting !== undefined && collides) {
      throw invalid(
        setting,
        `${policy.shape} is made of these characters and cannot leave them out. Remove it, or choose ascii or alphanumeric.`,
      );
    }
  }
}

function encodingAlphabet(policy: EncodedPolicy | { readonly shape: 'uuid' }): string {
  const hex = '0123456789abcdef';
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  switch (policy.shape) {
    case 'hex':
      return hex;
    case 'uuid':
      return `${hex}-`;
    case 'base64url':
      return `${letters}-_`;
    case 'base64':
      return policy.length % 3 === 0 ? `${letters}+/` : `${letters}+/=`;
  }
}

function isOn(environment: Environment, name: string): boolean {
  const setting = environmentSetting(environment, name);
  return setting !== undefined && truth(setting);
}
