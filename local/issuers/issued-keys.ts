import { randomUUID } from 'node:crypto';

export interface IssuedKey {
  readonly id: string;
  readonly value: string;
  readonly name: string;
  /** The account, application or user whose key it is. */
  readonly target: string;
  readonly createdAt: Date;
  readonly lastUsedAt?: Date;
  readonly active: boolean;
}

export interface IssuedKeysOptions {
  /** How many may live in one target. */
  readonly limit: number;
  readonly namesAreUnique?: boolean;
  readonly newId?: () => string;
  readonly newValue?: () => string;
}

/** A key cannot be made. */
export class NotIssued extends Error {
  readonly why: 'limit' | 'name';

  constructor(why: 'limit' | 'name') {
    super(why);
    this.why = why;
  }
}

/** The keys of an issuer that stands in for a real one; what the issuers have in common, whatever they call it. */
export class IssuedKeys {
  readonly options: IssuedKeysOptions;
  #keys: readonly IssuedKey[] = [];
  readonly #refusals = new Map<string, number>();
  /** How many times a new key is still refused, as long as it is not known everywhere. */
  propagation = 0;
  /** Of values to come; otherwise as `newValue` of the options says. */
  nextValue: (() => string) | undefined;
  /** The issuer's clock. */
  now: () => Date = () => new Date();

  constructor(options: IssuedKeysOptions) {
    this.options = options;
  }

  living(target = ''): readonly IssuedKey[] {
    return this.#keys.filter((key) => key.target === target);
  }

  /** @throws NotIssued */
  issue({ name = '', target = '', value = this.#newValue() }): IssuedKey {
    const living = this.living(target);
    if (living.length >= this.options.limit) throw new NotIssued('limit');
    if (this.options.namesAreUnique && living.some((key) => key.name === name)) throw new NotIssued('name');
    const id = (this.options.newId ?? randomUUID)();
    const key: IssuedKey = { id, value, name, target, createdAt: this.now(), active: true };
    this.#keys = [...this.#keys, key];
    this.#refusals.set(id, this.propagation);
    return key;
  }

  /** Whether there was such a key. */
  end(id: string, target = ''): boolean {
    const left = this.#keys.filter((key) => key.id !== id || key.target !== target);
    const ended = left.length < this.#keys.length;
    this.#keys = left;
    return ended;
  }

  /** The key with this value, if it works already; counts as a use. */
  use(value: string | undefined): IssuedKey | undefined {
    const key = this.#keys.find((one) => one.value === value && one.active);
    const refusals = key ? (this.#refusals.get(key.id) ?? 0) : 0;
    if (key === undefined || refusals > 0) {
      if (key) this.#refusals.set(key.id, refusals - 1);
      return undefined;
    }
    return this.change(key.id, { lastUsedAt: this.now() });
  }

  /** Whether a key with this value lives, without using it. */
  works(value: string): boolean {
    return this.#keys.some((key) => key.value === value && key.active);
  }

  change(id: string, changes: Partial<Pick<IssuedKey, 'active' | 'lastUsedAt' | 'createdAt'>>): IssuedKey | undefined {
    this.#keys = this.#keys.map((key) => (key.id === id ? { ...key, ...changes } : key));
    return this.#keys.find((key) => key.id === id);
  }

  /** As if so many milliseconds had passed since the keys were made, also by their names, and used. */
  age(milliseconds: number): void {
    const earlier = (date: Date) => new Date(date.getTime() - milliseconds);
    this.#keys = this.#keys.map((key) => ({
      ...key,
      name: key.name.replace(COMPACT_TIME, (time) =>
        compact(earlier(new Date(time.replace(COMPACT_TIME, '$1-$2-$3T$4:$5:$6Z')))),
      ),
      createdAt: earlier(key.createdAt),
      ...(key.lastUsedAt && { lastUsedAt: earlier(key.lastUsedAt) }),
    }));
  }

  #newValue(): string {
    return (this.nextValue ?? this.options.newValue ?? randomUUID)();
  }
}

/** As names of keys may tell it: ISO 8601 in its basic form. */
const COMPACT_TIME = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/;

function compact(time: Date): string {
  return time.toISOString().replace(/[-:]|\.\d+/g, '');
}
