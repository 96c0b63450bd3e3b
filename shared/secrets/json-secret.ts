import { InvalidSecret } from '../errors.ts';
import { type Member, topLevelMembers } from './json-members.ts';
import { type SecretValue, stringValue } from './secret-value.ts';
import type { Sensitive } from './sensitive.ts';

interface Field extends Member {
  readonly value: unknown;
}

/**
 * A secret that is a JSON object. Changes are made in the text, in place: fields that this suite knows nothing of keep
 * their order, their white space and the spelling of their numbers (`1.0`, `1e400`, integers beyond 2^53), none of which
 * would survive `JSON.parse` and `JSON.stringify`.
 */
export class JsonSecret {
  readonly #text: Sensitive;
  readonly #fields: ReadonlyMap<string, Field>;

  private constructor(text: Sensitive, fields: ReadonlyMap<string, Field>) {
    this.#text = text;
    this.#fields = fields;
  }

  /** @throws InvalidSecret for anything but a JSON object with distinct field names. Never quotes the value. */
  static parse(value: SecretValue): JsonSecret {
    if (value.kind === 'binary') {
      throw new InvalidSecret('The secret is binary: store it as a string (SecretString) that is a JSON object.');
    }
    const text = value.text.reveal();
    const fields = new Map<string, Field>();
    const parsed = new Map(Object.entries(parseObject(text)));
    requireShallow(text);
    for (const member of topLevelMembers(text)) {
      if (fields.has(member.name)) {
        // Which of the two a reader takes differs from language to language, so neither is safe to change.
        throw new InvalidSecret('The secret is a JSON object that has a field twice: keep one field of each name.');
      }
      fields.set(member.name, { ...member, value: parsed.get(member.name) });
    }
    return new JsonSecret(value.text, fields);
  }

  /** The top-level fields, in the order of the text, as `JSON.parse` reads them. These are secret: never log them. */
  fields(): ReadonlyMap<string, unknown> {
    return new Map([...this.#fields].map(([name, { value }]) => [name, value]));
  }

  /** The names of the top-level fields that are strings, in the order of the text. */
  stringFields(): string[] {
    return [...this.#fields].filter(([, { value }]) => typeof value === 'string').map(([name]) => name);
  }

  /**
   * A string field; `undefined` if it is absent or null.
   * @throws InvalidSecret if it is there and is anything else.
   */
  string(name: string): string | undefined {
    const value = this.#fields.get(name)?.value;
    if (value === undefined || value === null) {
      return undefined;
    }
    if (typeof value !== 'string') {
      throw new InvalidSecret(`The secret's field ${JSON.stringify(name)} must be a string.`);
    }
    return value;
  }

  /** @throws InvalidSecret unless the field is there, a string, and not empty. */
  requiredString(name: string): string {
    const value = this.string(name);
    if (value === undefined || value === '') {
      throw new InvalidSecret(
        `The secret has no field ${JSON.stringify(name)}: add it, as a string that is not empty.`,
      );
    }
    return value;
  }

  /**
   * This secret with other values in some of its string fields; all else is kept to the byte.
   * @throws InvalidSecret if a field is absent or not a string.
   */
  with(changes: ReadonlyMap<string, string>): JsonSecret {
    let text = '';
    let copied = 0;
    const original = this.#text.reveal();
    for (const name of changes.keys()) {
      if (typeof this.#fields.get(name)?.value !== 'string') {
        throw new InvalidSecret(`The secret has no string field ${JSON.stringify(name)}: add it to the secret.`);
      }
    }
    for (const [name, { start, end }] of this.#fields) {
      const change = changes.get(name);
      if (change !== undefined) {
        text += original.slice(copied, start) + JSON.stringify(change);
        copied = end;
      }
    }
    return JsonSecret.parse(stringValue(text + original.slice(copied)));
  }

  /**
   * This secret with a string in one field: in its place if the field is there, else as a new field right behind `after`,
   * with the same white space. All else is kept to the byte.
   * @throws InvalidSecret if the field is neither a string nor null, or is to be new and there is no field `after`.
   */
  withField(name: string, value: string, after: string): JsonSecret {
    this.string(name);
    const text = this.#text.reveal();
    const field = this.#fields.get(name);
    if (field) return spliced(text, field.start, field.end, JSON.stringify(value));
    const neighbour = this.#fields.get(after);
    if (!neighbour) {
      throw new InvalidSecret(`The secret has no field ${JSON.stringify(after)}: add it to the secret.`);
    }
    const before = text.slice(0, neighbour.nameStart);
    const space = before.slice(before.trimEnd().length);
    const colon = text.slice(neighbour.nameEnd, neighbour.start);
    const added = `,${space}${JSON.stringify(name)}${colon}${JSON.stringify(value)}`;
    return spliced(text, neighbour.end, neighbour.end, added);
  }

  toValue(): SecretValue {
    return stringValue(this.#text);
  }
}

function spliced(text: string, start: number, end: number, replacement: string): JsonSecret {
  return JsonSecret.parse(stringValue(text.slice(0, start) + replacement + text.slice(end)));
}

/** Far more than anybody writes; what walks through the fields of a secret need not fear for its stack. */
const DEEPEST = 200;

function requireShallow(text: string): void {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]+|\\.)*"|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    if (depth > DEEPEST) {
      throw new InvalidSecret(`The secret's JSON is nested more than ${DEEPEST} levels deep: store it flatter.`);
    }
  }
}

function parseObject(text: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Not kept as the cause: V8's SyntaxError quotes the text around the error.
    throw new InvalidSecret('The secret is not JSON: store a JSON object, such as {"username": "…", "password": "…"}.');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new InvalidSecret('The secret is JSON, but not an object: store a JSON object with named fields.');
  }
  return parsed;
}
