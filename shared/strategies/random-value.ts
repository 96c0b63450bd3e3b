import { InvalidSecret, InvalidSetting } from '../errors.ts';
import type { Strategy } from '../rotation/strategy.ts';
import { JsonSecret } from '../secrets/json-secret.ts';
import { keyLength } from '../secrets/key-length.ts';
import { randomKey, randomPassword } from '../secrets/password.ts';
import { passwordPolicy } from '../secrets/password-settings.ts';
import { replacePassword } from '../secrets/replace-password.ts';
import { binaryValue, type SecretValue, stringValue } from '../secrets/secret-value.ts';
import { FIELDS_TAG, taggedFields } from './fields-setting.ts';

type RandomValue =
  | { readonly kind: 'binary'; readonly bytes: number }
  | { readonly kind: 'text' }
  | { readonly kind: 'json'; readonly json: JsonSecret };

/**
 * A random value that nobody but its readers knows of: a whole string, fields of a JSON secret, or a binary key. There
 * is no target to tell, so `set` has nothing to do, and `test` only proves that the candidate can be read.
 */
export function randomValue(): Strategy<RandomValue> {
  return {
    name: 'random value',

    parse,

    async create(versions, context) {
      const [current, { tags }] = await Promise.all([versions.current(), context.describe()]);
      const fields = taggedFields(tags);
      if (fields !== undefined && current.kind !== 'json') {
        throw new InvalidSetting(
          `The tag ${FIELDS_TAG} names fields, and the secret is not a JSON object. Remove the tag, or store a JSON object.`,
        );
      }
      if (current.kind === 'binary') return binaryValue(randomKey(keyLength(tags, context.environment, current.bytes)));
      const policy = passwordPolicy(tags, context.environment);
      if (current.kind === 'text') return wholeString(() => stringValue(randomPassword(policy)));
      return fieldsToRotate(current.json, fields)
        .reduce((json, field) => replacePassword(json, field, randomPassword(policy)), current.json)
        .toValue();
    },

    async set() {},

    async test(versions) {
      await versions.candidate();
    },
  };
}

/**
 * A string that begins like a JSON object with fields, or begins and ends like one, is meant as one, though it may be cut
 * off: its other fields must not be overwritten.
 */
function parse(value: SecretValue): RandomValue {
  if (value.kind === 'binary') return { kind: 'binary', bytes: value.bytes.reveal().byteLength };
  return looksLikeJson(value) ? { kind: 'json', json: JsonSecret.parse(value) } : { kind: 'text' };
}

function looksLikeJson(value: SecretValue): boolean {
  return value.kind === 'string' && /^\s*\{(?:\s*"|.*\}\s*$)/s.test(value.text.reveal());
}

/** A random string may look like a JSON object by chance, and could then not be rotated again. */
function wholeString(draw: () => SecretValue): SecretValue {
  for (;;) {
    const value = draw();
    if (!looksLikeJson(value)) return value;
  }
}

function fieldsToRotate(json: JsonSecret, named: readonly string[] | undefined): readonly string[] {
  if (named === undefined) return [defaultField(json)];
  const absent = named.filter((name) => !json.stringFields().includes(name));
  if (named.length === 0 || absent.length > 0) {
    throw new InvalidSetting(
      `The tag ${FIELDS_TAG} must name string fields of the secret, separated by spaces; ${absent.length === 0 ? 'it names none' : `there is no string field ${absent.join(', ')}`}. Correct the tag or the secret.`,
    );
  }
  return named;
}

function defaultField(json: JsonSecret): string {
  const strings = json.stringFields();
  const [only] = strings.length === 1 ? strings : [];
  const field = strings.includes('password') ? 'password' : only;
  if (field !== undefined) return field;
  throw new InvalidSecret(
    `The secret has no string field "password", and ${strings.length === 0 ? 'no other string field' : 'more than one string field'}. Name the fields to rotate in the tag ${FIELDS_TAG}, separated by spaces.`,
  );
}
