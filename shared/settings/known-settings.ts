/** What one kind of rotation can be told: by tags of the secret and by variables of the function's environment. */
export interface KnownSettings {
  /** Without their `rotation:`. */
  readonly tags: readonly Setting[];
  readonly variables: readonly string[];
}

export type Setting = 'fields' | 'length' | 'charset' | 'first-user' | 'overlap' | 'retire';

const PASSWORD: KnownSettings = {
  tags: ['length', 'charset'],
  variables: [
    'PASSWORD_LENGTH',
    'PASSWORD_CHARSET',
    'EXCLUDE_CHARACTERS',
    'EXCLUDE_NUMBERS',
    'EXCLUDE_PUNCTUATION',
    'EXCLUDE_UPPERCASE',
    'EXCLUDE_LOWERCASE',
    'REQUIRE_EACH_INCLUDED_TYPE',
    'MINIMUM_ENTROPY_BITS',
  ],
};

export const FIELD_SETTINGS = extended(PASSWORD, ['fields']);
export const SINGLE_USER_SETTINGS = PASSWORD;
export const OVERLAPPING_USER_SETTINGS = extended(PASSWORD, ['overlap'], 'RECOVER_THROUGH_SUPERUSER');
export const ALTERNATING_USERS_SETTINGS = extended(
  PASSWORD,
  ['first-user'],
  'RECOVER_THROUGH_SUPERUSER',
  'ADOPT_ALTERNATE_USERS',
);
export const ADMINISTERED_KEY_SETTINGS: KnownSettings = { tags: ['retire'], variables: ['ALLOWED_PRIVATE_HOSTS'] };
export const IAM_USER_KEY_SETTINGS: KnownSettings = {
  tags: ['retire'],
  variables: ['RECOVER_THROUGH_ROLE', 'DEDICATED_USERS'],
};

function extended(settings: KnownSettings, tags: readonly Setting[], ...variables: readonly string[]): KnownSettings {
  return { tags: [...settings.tags, ...tags], variables: [...settings.variables, ...variables] };
}
