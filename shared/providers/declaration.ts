import type { ProviderFacts } from './provider.ts';

/** What JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** `METHOD /path?query`, which goes on where the base URL ends. */
export type RequestLine = `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`;

/** Where a value stands in an answer: a JSON pointer, https://www.rfc-editor.org/rfc/rfc6901. */
export type Pointer = '' | `/${string}`;

/** Values that an answer must have, by their places (pointers). */
export type Expectation = Readonly<Record<string, Json>>;

/**
 * An issuer of API keys, said in plain data: what to send and where the answers have what is wanted.
 *
 * Texts are templates. `{administrator.x}` is a field of the administrator's secret, `{target.x}` one of the target;
 * `{name}`, `{idempotencyKey}` and `{key}` (where the caller chooses it) belong to a mint, `{id}` to `retire`, `{key}` and
 * `{id}` to `accepts`, `{token}` is what `token` gave. In a URL they are percent-encoded. In a JSON body, a string that is
 * one template only becomes the value itself, and a member whose value is absent is left out.
 */
export interface Declaration {
  /** As the field `provider` of a secret says it. */
  readonly name: string;
  /** The issuer's page on these requests. */
  readonly documentation: string;
  readonly facts: ProviderFacts;
  /** Without it, the administrator's secret has to have one. With it, it may still name another, such as a region's. */
  readonly baseUrl?: string;
  /** Other addresses, such as where access tokens come from; the administrator's secret may name others, in fields of these names. */
  readonly otherUrls?: Readonly<Record<string, string>>;
  /** Fields of the administrator's secret, all of them texts. */
  readonly administrator: readonly string[];
  /** Fields of each target. */
  readonly target?: Readonly<Record<string, 'text' | 'json' | 'optional text' | 'optional json'>>;
  /** Of every request but `token` and `accepts`, which say their own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Asked for first, where requests need an access token. */
  readonly token?: DeclaredRequest & { readonly value: Pointer };
  readonly mint: DeclaredMint;
  readonly list?: DeclaredList;
  /** One request, or several in this order. */
  readonly retire?: DeclaredRetirement | readonly DeclaredRetirement[];
  readonly accepts: DeclaredProof;
}

export interface DeclaredRequest {
  readonly request: RequestLine;
  /** Which of `otherUrls` it goes to, if it does not go to `baseUrl`. */
  readonly base?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Basic authentication. */
  readonly basic?: { readonly username: string; readonly password: string };
  /** Sent as JSON. */
  readonly body?: Json;
  /** Sent as a form instead. */
  readonly form?: Readonly<Record<string, string>>;
  /** Statuses that are success; those from 200 to 299 unless said. */
  readonly success?: readonly number[];
  /** Whether the body of a success is JSON, or empty, and anything else is no usable answer; yes unless said. */
  readonly json?: false;
  /** What a success says besides, for issuers that put errors into it. */
  readonly expect?: Expectation;
  /** Refusals that pass: the request had no effect, and is repeated like one that was throttled. */
  readonly busy?: readonly Refusal[];
}

/** A status, and what the answer says with it, where the status alone could mean something else. */
export interface Refusal {
  readonly status: number;
  readonly expect?: Expectation;
}

export interface DeclaredMint extends DeclaredRequest {
  /** Absent where keys have no id, or the list tells keys by their value. */
  readonly id?: Pointer;
  /** Absent where the caller chooses the value. */
  readonly value?: Pointer;
  /** How the issuer says that no more keys may live. */
  readonly limit?: Refusal;
}

export interface DeclaredList extends DeclaredRequest {
  readonly items: Pointer;
  /** The other places are those in one item. */
  readonly id: Pointer;
  readonly name?: Pointer;
  readonly value?: Pointer;
  /** Dates as RFC 3339 has them. */
  readonly createdAt?: Pointer;
  readonly lastUsedAt?: Pointer;
  /** Only items that say this are living keys. */
  readonly where?: Expectation;
  readonly pages?: Pages;
}

/**
 * How a list goes on. `number`: a query parameter that counts pages from `first`, until one has fewer than `size` items.
 * `cursor`: a query parameter that takes what the answer has `at` a place, while it has something there (and `more` is
 * true, if that is said). `next`: the place of the next page's URL.
 */
export type Pages =
  | { readonly number: string; readonly first: number; readonly size: number }
  | { readonly cursor: string; readonly at: Pointer; readonly more?: Pointer }
  | { readonly next: Pointer };

export interface DeclaredRetirement extends DeclaredRequest {
  /** Statuses that say that the key is gone already. Where there is a list, any refusal is, unless the list still has it. */
  readonly gone?: readonly number[];
}

/** Uses nothing but the key: no `{administrator.x}`, no `{token}`. If `expect` does not hold, the key is refused. */
export interface DeclaredProof extends DeclaredRequest {
  /** Statuses that say that the key is not good (yet). */
  readonly refused: readonly number[];
}
