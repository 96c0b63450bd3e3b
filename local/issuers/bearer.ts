import type { FakeRequest } from './fake-issuer.ts';

/** What a request has to prove itself with: https://www.rfc-editor.org/rfc/rfc6750#section-2.1 */
export function bearerOf({ headers }: FakeRequest): string | undefined {
  return /^Bearer (.+)$/.exec(headers['authorization'] ?? '')?.[1];
}
