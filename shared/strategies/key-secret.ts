import { InvalidSecret } from '../errors.ts';
import type { Key, LivingKey } from '../providers/provider.ts';
import { followConnectionStrings } from '../secrets/connection-string.ts';
import { JsonSecret } from '../secrets/json-secret.ts';
import { isIdentityField } from '../secrets/redaction.ts';
import type { SecretValue } from '../secrets/secret-value.ts';
import { Sensitive } from '../secrets/sensitive.ts';
import { isRecord } from './record.ts';

/** Which fields of a secret hold the key's id and the key. */
export interface KeyFields {
  readonly keyId: string;
  readonly key: string;
}

/** A secret that holds an issuer's key. */
export interface KeySecret {
  /** The whole secret, to write back with its unknown fields. */
  readonly json: JsonSecret;
  readonly fields: KeyFields;
  /** What the fields would be if the secret did not say. */
  readonly defaults: KeyFields;
  /** Empty before the first rotation, and where the issuer's list tells keys by their value. */
  readonly id: string;
  /** Empty before the first rotation, which then makes the first key. */
  readonly value: Sensitive;
}

/** The secret's field that names the other two, so that applications find the key where they look for it. */
const FIELDS = 'fields';

/** @throws InvalidSecret that names the field, and never quotes the value */
export function parseKeySecret(secret: SecretValue, defaults: KeyFields): KeySecret {
  const json = JsonSecret.parse(secret);
  const fields = fieldsNamed(json.fields().get(FIELDS), defaults);
  const value = json.string(fields.key);
  if (value === undefined) throw missing('key', fields.key, defaults.key);
  return { json, fields, defaults, id: json.string(fields.keyId) ?? '', value: new Sensitive(value) };
}

/**
 * The secret with another key. Connection strings in other fields that hold the old one follow; the rest is kept to the
 * byte.
 *
 * @throws InvalidSecret if the key has an id, and the secret no field for it
 */
export function withKey({ json, fields, defaults, value }: KeySecret, key: Key): SecretValue {
  if (key.id !== '' && json.string(fields.keyId) === undefined) throw missing('keyId', fields.keyId, defaults.keyId);
  const others = new Map([...json.fields()].filter(([name]) => name !== fields.key && name !== fields.keyId));
  const changes = new Map(
    followConnectionStrings(others, { password: value.reveal() }, { password: key.value.reveal() }),
  );
  changes.set(fields.key, key.value.reveal());
  if (json.string(fields.keyId) !== undefined) changes.set(fields.keyId, key.id);
  return json.with(changes).toValue();
}

/** Whether a staged secret holds this very key. */
export function holds(secret: KeySecret, key: LivingKey | KeySecret): boolean {
  return (secret.id !== '' && secret.id === key.id) || holdsValue(secret, key);
}

export function holdsValue({ value }: KeySecret, key: LivingKey | KeySecret): boolean {
  return value.reveal() !== '' && key.value?.equals(value) === true;
}

/** The redaction knows a name that the secret itself gives only as a part of that secret. */
function missing(part: keyof KeyFields, name: string, usual: string): InvalidSecret {
  const which = name === usual ? `field "${name}"` : `field of the name that its "${FIELDS}.${part}" gives`;
  return new InvalidSecret(
    `The secret has no ${which}: add it, as a string; before the first key is made, as an empty one.`,
  );
}

function fieldsNamed(named: unknown, defaults: KeyFields): KeyFields {
  if (named === undefined) return defaults;
  const { keyId = defaults.keyId, key = defaults.key, ...unknown } = isRecord(named) ? named : { keyId: 0 };
  if (typeof keyId !== 'string' || typeof key !== 'string' || keyId === key || Object.keys(unknown).length > 0) {
    throw new InvalidSecret(
      `Field "${FIELDS}" must be an object such as {"keyId": "DD_KEY_ID", "key": "DD_API_KEY"}, with the names of two fields of the secret.`,
    );
  }
  if (isIdentityField(key)) {
    throw new InvalidSecret(
      `Field "${FIELDS}" puts the key in "${key}", which logs may show: choose another field for the key.`,
    );
  }
  return { keyId, key };
}
