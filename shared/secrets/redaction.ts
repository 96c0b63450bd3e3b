import { createHash } from 'node:crypto';
import { RotationError } from '../errors.ts';
import type { SecretValue } from './secret-value.ts';

const REDACTED = '[redacted]';

/** Fields that say where a secret belongs, and that errors must be able to name. */
const IDENTITY_FIELDS = new Set([
  'engine',
  'host',
  'port',
  'username',
  'dbname',
  'ssl',
  'masterarn',
  'dbInstanceIdentifier',
  'dbClusterIdentifier',
  'provider',
  'baseUrl',
  'target',
  'keyId',
]);

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html: names what is there, and opens nothing. */
const ARN = /^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d*:[\w/+=.@!:*-]+$/;

/** Whether a field of this name may be seen in logs, so that nothing secret may be stored in it. */
export function isIdentityField(name: string): boolean {
  return IDENTITY_FIELDS.has(name);
}

/** Shorter values protect nothing, and striking every `1` or `no` would leave nothing readable. */
const SHORTEST = 3;
/** Shorter values are taken out only where they stand alone. */
const SHORT = 5;

/**
 * Takes out of texts and errors every secret value that it has learned: as it is, URL-encoded, JSON-escaped, base64
 * and base64url.
 */
export class Redaction {
  readonly #patterns = new Map<string, RegExp | string>();
  readonly #spared = new Set<string>();
  readonly #concealed = new Set<string>();

  learn(value: SecretValue): void {
    if (value.kind === 'binary') {
      const bytes = Buffer.from(value.bytes.reveal());
      this.#add(bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex'), bytes.toString('latin1'));
      this.learnText(bytes.toString('utf8'));
      return;
    }
    const text = value.text.reveal();
    this.learnText(text);
    const parsed = parseJson(text);
    if (typeof parsed !== 'object' || parsed === null) return;
    for (const [name, field] of Object.entries(parsed)) {
      if (typeof field === 'object') this.#learnField(placesIn(name, field, parsed) ? undefined : field);
      else if (!IDENTITY_FIELDS.has(name)) this.#learnField(field);
    }
  }

  learnText(text: string): void {
    if (text.length < SHORTEST || text.trim() === '' || this.#spared.has(text)) return;
    this.#add(...formsOf(text));
  }

  /** A credential, whichever field holds it: `spare` does not make it seen, before or after. */
  conceal(text: string): void {
    this.#concealed.add(text);
    this.#spared.delete(text);
    this.learnText(text);
  }

  /**
   * The text may be seen from now on, whatever is learned, unless it is part of a value that is longer, or concealed.
   *
   * @returns how it may be written: as it is, or as a digest where it is a credential itself
   */
  spare(text: string): string {
    if (this.#concealed.has(text)) return digestOf(text);
    this.#spared.add(text);
    const concealed = new Set([...this.#concealed].flatMap(formsOf));
    for (const form of formsOf(text)) if (!concealed.has(form)) this.#patterns.delete(form);
    return text;
  }

  /** The text without any value that was learned. */
  clean(text: string): string {
    let cleaned = text;
    // The longest first: what is part of another value would leave the rest of that one standing.
    for (const [value, pattern] of [...this.#patterns].sort(([a], [b]) => b.length - a.length)) {
      if (cleaned.includes(value)) cleaned = cleaned.replaceAll(pattern, REDACTED);
    }
    return cleaned;
  }

  /**
   * A copy of an error and its causes with only name, message, stack and code, all cleaned. Whatever else drivers and
   * SDKs hang on their errors (requests, responses, parameters) stays behind.
   */
  cleanError(error: unknown, depth = 0): Error {
    if (!(error instanceof Error)) return new Error(this.clean(`Thrown, and not an Error: ${primitiveText(error)}`));
    const hasCause = error.cause !== undefined && depth < 8;
    const copy = new Error(
      this.clean(primitiveText(error.message)),
      hasCause ? { cause: this.cleanError(error.cause, depth + 1) } : {},
    );
    copy.stack = this.clean(primitiveText(error.stack ?? ''));
    if ('code' in error && typeof error.code === 'string') Object.assign(copy, { code: this.clean(error.code) });
    return named(copy, error instanceof RotationError ? error.name : this.clean(primitiveText(error.name)));
  }

  /** Not recursive, so that depth cannot exhaust the stack. */
  #learnField(outermost: unknown): void {
    const fields = [outermost];
    while (fields.length > 0) {
      const field = fields.pop();
      if (typeof field === 'string' && !ARN.test(field)) this.learnText(field);
      else if (typeof field === 'number') this.learnText(String(field));
      else if (typeof field === 'object' && field !== null)
        for (const inner of Object.values(field)) fields.push(inner);
    }
  }

  #add(...forms: readonly string[]): void {
    for (const form of forms) {
      if (form.length < SHORTEST || this.#patterns.has(form)) continue;
      this.#patterns.set(form, form.length < SHORT ? standingAlone(form) : form);
    }
  }
}

/** Enough to tell two keys apart, and too little to find one by. */
function digestOf(text: string): string {
  return `SHA-256 ${createHash('sha256').update(text).digest('hex').slice(0, 8)}…`;
}

/** The forms in which a text turns up in URLs, headers and JSON. */
function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const uriEncoded = encodeUri(text);
  return [
    text,
    uriEncoded,
    uriEncoded.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
    new URLSearchParams([['', text]]).toString().slice(1),
    JSON.stringify(text).slice(1, -1),
    bytes.toString('base64'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
  ];
}

/**
 * Whether an object says where secrets belong and is none: `serves`, in which an administrator's secret lists ARNs, and
 * `fields`, in which a secret names other fields of its own.
 */
function placesIn(name: string, field: object | null, secret: object): boolean {
  const entries = Object.entries(field ?? {});
  if (name === 'serves') return entries.every(([arn]) => ARN.test(arn));
  return name === 'fields' && entries.every(([, value]) => typeof value === 'string' && Object.hasOwn(secret, value));
}

/** `String` runs an object's own code, which may throw. */
function primitiveText(value: unknown): string {
  return typeof value === 'object' || typeof value === 'function' ? `a value of type ${typeof value}` : String(value);
}

function named(error: Error, name: string): Error {
  Object.defineProperty(error, 'name', { value: name, configurable: true, enumerable: false });
  return error;
}

function standingAlone(value: string): RegExp {
  const literal = value.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, 'gu');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function encodeUri(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
