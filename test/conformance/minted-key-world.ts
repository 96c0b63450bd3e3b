import type { Clock } from '../../shared/clock.ts';
import type { Issuer, ProviderFacts } from '../../shared/providers/provider.ts';
import type { RotationHandler } from '../../shared/rotation/handler.ts';
import type { Protocol } from '../support/protocol.ts';

/** An issuer for the suite of minted keys. */
export interface MintedKeySubject {
  readonly facts: ProviderFacts;
  /** Whether all keys of the target are the secret's. */
  readonly dedicated: boolean;
  /** Whether one key lives at a time: the new one ends the old one when it is applied. */
  readonly replaces: boolean;
  start(): Promise<MintedKeyWorld>;
}

/** A function that rotates an issuer's keys, in this process, with a Secrets Manager and an issuer that stand in for real ones. */
export interface MintedKeyWorld {
  readonly protocol: Protocol;
  readonly clock: TestClock;
  readonly keys: LivingKeys;
  /** What else must never be seen. */
  readonly credentials: readonly string[];
  /** A secret that may have keys made; one field of it is `"note":"kept"`. Returns its ARN. */
  newSecret(tags?: Readonly<Record<string, string>>): string;
  /** The key in a version of a secret, by staging label or id; empty if there is none. */
  keyIn(arn: string, version: string): string;
  /** A handler as a fresh container has it. */
  handler(effect?: Effect): RotationHandler;
  /** The issuer's next answer is a refusal, which repeats the request if the issuer is one that does. */
  refuse(): void;
  close(): Promise<void>;
}

/** Keys of the one target that the secrets of a test have. */
export interface LivingKeys {
  living(): readonly { readonly id: string; readonly value: string }[];
  works(value: string): boolean;
  end(id: string): void;
  /** A key that somebody made by hand. Returns its value. */
  issue(): string;
  /** How many times a key that is made from now on is still refused. */
  propagation(times: number): void;
}

/** Lets one effect of a function happen, or not. Named after what is asked of the issuer, or of Secrets Manager. */
export type Effect = <T>(name: string, perform: () => Promise<T>) => Promise<T>;

/** The same issuer, each call of which is an effect. */
export function effectful(issuer: Issuer, effect: Effect): Issuer {
  const { list, lastUsedAt, retire } = issuer;
  return {
    facts: issuer.facts,
    mint: (request) => effect('mint', () => issuer.mint(request)),
    accepts: (key) => effect('accepts', () => issuer.accepts(key)),
    ...(list && { list: () => effect('list', () => list()) }),
    ...(lastUsedAt && { lastUsedAt: (id) => effect('lastUsedAt', () => lastUsedAt(id)) }),
    ...(retire && { retire: (id) => effect('retire', () => retire(id)) }),
  };
}

/** Time that passes only when somebody waits, or a test says so. */
export class TestClock implements Clock {
  readonly waits: number[] = [];
  #ahead = 0;

  now(): Date {
    return new Date(Date.now() + this.#ahead);
  }

  async wait(milliseconds: number): Promise<void> {
    this.waits.push(milliseconds);
    this.#ahead += milliseconds;
  }

  pass(milliseconds: number): void {
    this.#ahead += milliseconds;
  }
}
