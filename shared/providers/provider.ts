import type { Sensitive } from '../secrets/sensitive.ts';

/** One kind of issuer of API keys. A provider knows no Secrets Manager and no rotation. */
export interface Provider {
  /** As the field `provider` of a secret says it. */
  readonly name: string;

  /**
   * Nothing is asked of the issuer yet.
   *
   * @throws InvalidSecret that names the field of the administrator's secret that is missing or wrong
   */
  open(access: Access, limit: TimeLimit): Issuer;
}

/** What the issuer's interface allows, from its documentation. */
export interface ProviderFacts {
  /** How many keys may live at once in one target; absent where the limit is so high that no rotation meets it. */
  readonly livingKeys?: number;
  /** The longest name that a key can be given, in characters; absent if keys have no names. */
  readonly longestName?: number;
  /** `chosen`: the caller says what the key is, so it is stored before the issuer hears of it. */
  readonly value: 'issued' | 'chosen';
  /** Whether a mint that is repeated with the same idempotency key gives the same key; no unless said. */
  readonly idempotent?: boolean;
  /** How long a new key may take to work everywhere, in milliseconds. */
  readonly propagationMs: number;
}

/** Who asks, and for what. Both come from the administrator's secret: whoever writes the rotated one has no say in them. */
export interface Access {
  /** The administrator's credential and where it applies, as its secret has them. */
  readonly administrator: Readonly<Record<string, unknown>>;
  /** The account, application or user whose keys these are, and what the keys may do. */
  readonly target: Readonly<Record<string, unknown>>;
  /** What the function's environment sets. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** To be told of every credential that the provider derives or is given, before it is used. */
  conceal(secret: Sensitive): void;
}

/** How long the calls may take. */
export interface TimeLimit {
  /** Milliseconds. */
  remaining(): number;
  readonly signal: AbortSignal;
}

export interface Key {
  readonly id: string;
  readonly value: Sensitive;
}

/** A key that lives, as far as the issuer's list tells. */
export interface LivingKey {
  readonly id: string;
  readonly name?: string;
  /** Where the issuer's list tells keys in clear. */
  readonly value?: Sensitive;
  readonly createdAt?: Date;
  readonly lastUsedAt?: Date;
}

export interface KeyRequest {
  /** Unique to secret and rotation; at most `longestName` characters, and ignored where keys have no names. */
  readonly name: string;
  /** The same for every try of one rotation. */
  readonly idempotencyKey: string;
  /** What the key shall be, where `facts.value` is `chosen`. */
  readonly value?: Sensitive;
}

/**
 * An open account. Every function throws IssuerRefused if the issuer says no, Unreachable if it gives no usable answer,
 * and OutOfTime; errors quote nothing of what was sent or answered.
 */
export interface Issuer {
  readonly facts: ProviderFacts;

  /**
   * Makes a key. Never repeated by itself unless the issuer is known not to have made one. The id is empty where the
   * issuer has none.
   *
   * @throws KeyLimitReached where the issuer says that no more keys may live
   */
  mint(request: KeyRequest): Promise<Key>;

  /** Whether the issuer accepts the key now. Changes nothing, and uses no credential but the key itself. */
  accepts(key: Key): Promise<boolean>;

  /** All keys of the target, or an error: never a part of them. Absent where the issuer does not tell. */
  list?(): Promise<readonly LivingKey[]>;

  /** Where the issuer tells it, and its list does not; asked only when a key has to make room. */
  lastUsedAt?(id: string): Promise<Date | undefined>;

  /** Ends a key; one that is gone already is ended. Absent where a new key ends the old one. */
  retire?(id: string): Promise<void>;
}
