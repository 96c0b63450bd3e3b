import { InvalidSetting } from '../errors.ts';
import type { Strategy } from '../rotation/strategy.ts';
import { JsonSecret } from '../secrets/json-secret.ts';
import { meetsPolicy, type PasswordPolicy, randomPassword } from '../secrets/password.ts';
import { passwordPolicy } from '../secrets/password-settings.ts';
import { replacePassword } from '../secrets/replace-password.ts';
import type { SecretValue } from '../secrets/secret-value.ts';
import { Sensitive } from '../secrets/sensitive.ts';
import type { Tags } from '../secrets/setting.ts';
import { FIELD_SETTINGS } from '../settings/known-settings.ts';
import { FIELDS_TAG, taggedFields } from './fields-setting.ts';

/** With two possible tokens, missing the free one so often has a probability of 2^-128. */
const ATTEMPTS = 128;

/**
 * Two tokens side by side in one JSON secret: signers use `current`, verifiers accept `current` and `previous`. The
 * secret is all there is, so there is no target to tell. What was `current` stays as `previous` until the next
 * rotation: a leaked token is ended by rotating twice.
 *
 * A verifier whose copy is older than a signer's does not know the new token yet: it must read the secret again before
 * it refuses a token.
 */
export function sharedToken(): Strategy<JsonSecret> {
  return {
    name: 'shared token',
    settings: FIELD_SETTINGS,

    parse: (value) => JsonSecret.parse(value),

    async create(versions, context) {
      const [secret, { tags }] = await Promise.all([versions.current(), context.describe()]);
      const fields = tokenFields(tags);
      const { current, previous } = tokensIn(secret, fields);
      const token = newToken(passwordPolicy(tags, context.environment), [current, previous]);
      return withToken(secret, fields, token);
    },

    async recreate(current, candidate, context) {
      const fields = tokenFields((await context.describe()).tags);
      return withToken(current, fields, new Sensitive(candidate.requiredString(fields.current)));
    },

    async couldDraw(candidate, current, context) {
      const { tags } = await context.describe();
      const fields = tokenFields(tags);
      const { current: token } = tokensIn(candidate, fields);
      return (
        token !== tokensIn(current, fields).current && meetsPolicy(passwordPolicy(tags, context.environment), token)
      );
    },

    async test(versions, context) {
      const [candidate, { tags }] = await Promise.all([versions.candidate(), context.describe()]);
      tokensIn(candidate, tokenFields(tags));
      passwordPolicy(tags, context.environment);
    },
  };
}

function withToken(secret: JsonSecret, fields: TokenFields, token: Sensitive): SecretValue {
  const { current } = tokensIn(secret, fields);
  return replacePassword(secret, fields.current, token).withField(fields.previous, current, fields.current).toValue();
}

/** Names of the two fields. */
interface TokenFields {
  readonly current: string;
  readonly previous: string;
}

function tokenFields(tags: Tags): TokenFields {
  const [current, previous, ...more] = taggedFields(tags) ?? ['current', 'previous'];
  if (current !== undefined && previous !== undefined && more.length === 0) return { current, previous };
  throw new InvalidSetting(
    `The tag ${FIELDS_TAG} must name two fields, separated by a space: the one with the current token, then the one that keeps the previous token. Correct the tag, or remove it if they are called "current" and "previous".`,
  );
}

function tokensIn(secret: JsonSecret, fields: TokenFields): { current: string; previous: string | undefined } {
  return { current: secret.requiredString(fields.current), previous: secret.string(fields.previous) };
}

/** Never one that verifiers accept already: it would keep a token alive that this rotation, or the next, is to end. */
function newToken(policy: PasswordPolicy, held: readonly (string | undefined)[]): Sensitive {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const token = randomPassword(policy);
    if (!held.includes(token.reveal())) return token;
  }
  throw new InvalidSetting(
    'The settings allow so few tokens that there was no new one: make tokens longer with the tag rotation:length or PASSWORD_LENGTH, or exclude fewer characters.',
  );
}
