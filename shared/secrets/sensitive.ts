import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/**
 * A value that must not be seen. String conversion, JSON and `util.inspect` all print `[redacted]`;
 * only `reveal()` gives the value, so that each place that needs it can be found by name.
 */
export class Sensitive<T extends string | Uint8Array = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  equals(other: Sensitive<T>): boolean {
    return Buffer.from(this.#value).equals(Buffer.from(other.#value));
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
