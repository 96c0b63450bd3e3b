import { InvalidSecret, InvalidSetting } from '../errors.ts';
import type { Strategy } from '../rotation/strategy.ts';
import { JsonSecret } from '../secrets/json-secret.ts';
import { keyLength } from '../secrets/key-length.ts';
import { meetsPolicy, randomKey, randomPassword } from '../secrets/password.ts';
import { passwordPolicy } from '../secrets/password-settings.ts';
import { replacePassword } from '../secrets/replace-password.ts';
import { binaryValue, type SecretValue, stringValue } from '../secrets/secret-value.ts';
import { Sensitive } from '../secrets/sensitive.ts';
import type { Tags } from '../secrets/setting.ts';
import { FIELD_SETTINGS } from '../settings/known-settings.ts';
import { FIELDS_TAG, taggedFields } from './fields-setting.ts';

type RandomValue =
  | { readonly kind: 'binary'; readonly bytes: Sensitive<Uint8Array> }
  | { readonly kind: 'text'; readonly text: Sensitive }
  | { readonly kind: 'json'; readonly json: JsonSecret };

/**
 * A random value that nobody but its readers knows of: a whole string, fields of a JSON secret, or a binary key. There
 * is no target to tell: `test` only proves that the candidate can be read.
 */
export function randomValue(): Strategy<RandomValue> {
  return {
    name: 'random value',
    settings: FIELD_SETTINGS,

    parse,

    async create(versions, context) {
      const [current, { tags }] = await Promise.all([versions.current(), context.describe()]);
      const fields = fieldsOf(current, tags);
      if (current.kind === 'binary') {
        return binaryValue(randomKey(keyLength(tags, context.environment, lengthOf(current.bytes))));
      }
      const policy = passwordPolicy(tags, context.environment);
      if (current.kind === 'text') return wholeString(() => stringValue(randomPassword(policy)));
      return withFields(current.json, fields, () => randomPassword(policy));
    },

    async recreate(current, candidate, context) {
      const { tags } = await context.describe();
      const fields = fieldsOf(current, tags);
      if (current.kind === 'json' && candidate.kind === 'json') {
        return withFields(current.json, fields, (field) => new Sensitive(candidate.json.requiredString(field)));
      }
      if (current.kind === 'binary' && candidate.kind === 'binary') return binaryValue(candidate.bytes);
      if (current.kind === 'text' && candidate.kind === 'text') return stringValue(candidate.text);
      throw new InvalidSecret('AWSPENDING is another kind of value than AWSCURRENT.');
    },

    async couldDraw(candidate, current, context) {
      const { tags } = await context.describe();
      if (candidate.kind === 'binary') {
        const before = current.kind === 'binary' ? lengthOf(current.bytes) : 0;
        return lengthOf(candidate.bytes) === keyLength(tags, context.environment, before);
      }
      const policy = passwordPolicy(tags, context.environment);
      if (candidate.kind === 'text') return meetsPolicy(policy, candidate.text.reveal());
      const { json } = candidate;
      return fieldsOf(candidate, tags).every((field) => meetsPolicy(policy, json.requiredString(field)));
    },

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
  if (value.kind === 'binary') return value;
  return looksLikeJson(value) ? { kind: 'json', json: JsonSecret.parse(value) } : { kind: 'text', text: value.text };
}

function lengthOf(bytes: Sensitive<Uint8Array>): number {
  return bytes.reveal().byteLength;
}

/** None for a value that has no fields. */
function fieldsOf(value: RandomValue, tags: Tags): readonly string[] {
  const named = taggedFields(tags);
  if (value.kind === 'json') return fieldsToRotate(value.json, named);
  if (named === undefined) return [];
  throw new InvalidSetting(
    `The tag ${FIELDS_TAG} names fields, and the secret is not a JSON object. Remove the tag, or store a JSON object.`,
  );
}

function withFields(json: JsonSecret, fields: readonly string[], drawn: (field: string) => Sensitive): SecretValue {
  return fields.reduce((changed, field) => replacePassword(changed, field, drawn(field)), json).toValue();
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
