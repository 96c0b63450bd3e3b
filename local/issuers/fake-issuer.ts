import type { IssuedKeys } from './issued-keys.ts';

/** An issuer that stands in for a real one, as far as its keys go; it behaves as the issuer's documentation says. */
export interface FakeIssuer {
  /** As the provider is called; the first part of its paths. */
  readonly name: string;
  readonly keys: IssuedKeys;
  /** The credential that it takes from an administrator, as fields of the administrator's secret. */
  readonly administrator: Readonly<Record<string, string>>;
  /** Answers by method and path; `{id}` stands for any one part of a path. */
  readonly routes: Readonly<Record<string, (request: FakeRequest) => FakeAnswer>>;
}

export interface FakeRequest {
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** JSON, or the fields of a form. */
  readonly body: unknown;
}

export interface FakeAnswer {
  readonly status: number;
  readonly body?: unknown;
}

/** What goes wrong with one request. */
export type Fault =
  | { readonly kind: 'answers'; readonly status: number; readonly body?: unknown; readonly retryAfter?: string }
  /** It is carried out, and then fails, or its answer is lost. */
  | { readonly kind: 'fails afterwards'; readonly status: number }
  | { readonly kind: 'answer is lost' }
  /** It is not carried out. */
  | { readonly kind: 'connection is lost' }
  /** It is carried out, and the answer is cut off in its middle, or is not what it should be. */
  | { readonly kind: 'answer is truncated' }
  | { readonly kind: 'answers HTML' }
  | { readonly kind: 'answers 10 MB' }
  | { readonly kind: 'redirects'; readonly to: string }
  | { readonly kind: 'switches protocols' }
  | { readonly kind: 'never answers' }
  /** A refusal that repeats headers and body of the request. */
  | { readonly kind: 'echoes'; readonly status: number };
