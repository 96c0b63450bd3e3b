import { InvalidEvent } from '../errors.ts';
import { Sensitive } from '../secrets/sensitive.ts';

export const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
export type Step = (typeof STEPS)[number];

/** What Secrets Manager sends: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html */
export interface RotationEvent {
  readonly step: Step;
  /** The full ARN when the service sends the event; a person replaying one may give a name. */
  readonly secretId: string;
  /** The rotation's token, which is also the id of the version that is being rotated in. */
  readonly token: string;
  /** Proof of identity for PutSecretValue under an assumed role. */
  readonly rotationToken: Sensitive | undefined;
}

// Lengths: API reference of GetSecretValue (SecretId), PutSecretValue (ClientRequestToken, RotationToken).
const SECRET_ID = /^[\w/+=.@!:-]{1,2048}$/;
const TOKEN = /^[\x21-\x7e]{32,64}$/;
const ROTATION_TOKEN = /^[a-zA-Z0-9-]{36,256}$/;

/**
 * Reads an event; unknown fields are ignored, because the service adds fields. Messages never quote what they refuse:
 * a misplaced value may be a secret.
 *
 * @throws InvalidEvent for a missing, mistyped or malformed field
 */
export function parseEvent(event: unknown): RotationEvent {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) {
    throw new InvalidEvent(
      `The event must be an object with Step, SecretId and ClientRequestToken, as Secrets Manager sends it; it is ${kindOf(event)}.`,
    );
  }
  const fields = new Map<string, unknown>(Object.entries(event));
  const step = STEPS.find((known) => known === fields.get('Step'));
  if (step === undefined) {
    throw new InvalidEvent(
      `Step must be one of ${STEPS.join(', ')}, in this spelling; it is ${kindOf(fields.get('Step'))}.`,
    );
  }
  return {
    step,
    secretId: match(fields, 'SecretId', SECRET_ID, 'the ARN of a secret, 1 to 2048 letters, digits and /_+=.@!:-'),
    token: match(fields, 'ClientRequestToken', TOKEN, '32 to 64 printable characters with no space'),
    rotationToken:
      fields.get('RotationToken') === undefined
        ? undefined
        : new Sensitive(match(fields, 'RotationToken', ROTATION_TOKEN, '36 to 256 letters, digits and hyphens')),
  };
}

function match(fields: ReadonlyMap<string, unknown>, name: string, pattern: RegExp, meaning: string): string {
  const value = fields.get(name);
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw new InvalidEvent(`${name} must be ${meaning}; it is ${kindOf(value)}. Send the event as Secrets Manager does.`);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (typeof value === 'string') return value === '' ? 'empty' : `another string, of ${value.length} characters`;
  return Array.isArray(value) ? 'an array' : `of type ${typeof value}`;
}
