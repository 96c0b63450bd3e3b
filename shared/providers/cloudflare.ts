import { declared } from './declared-provider.ts';

/**
 * Tokens that an account owns; `policies` and `condition` of the target are those of the request that creates one. The
 * administrator's token needs "Account API Tokens Write", and what it grants. Tokens are never rolled: that ends the old
 * value at once. A condition on `request_ip` has to let the function through, or no new token proves itself.
 *
 * An account may have 500 tokens unless Cloudflare allows it more, so that is no fact here:
 * https://developers.cloudflare.com/fundamentals/api/reference/limits/. Not documented: how long a new token takes to work.
 */
export const cloudflare = declared({
  name: 'cloudflare',
  documentation: 'https://developers.cloudflare.com/api/resources/accounts/subresources/tokens/',
  facts: { value: 'issued', longestName: 120, propagationMs: 60_000 },
  baseUrl: 'https://api.cloudflare.com/client/v4',
  administrator: ['apiToken'],
  target: { accountId: 'text', policies: 'json', condition: 'optional json' },
  headers: { authorization: 'Bearer {administrator.apiToken}' },
  mint: {
    request: 'POST /accounts/{target.accountId}/tokens',
    body: { name: '{name}', policies: '{target.policies}', condition: '{target.condition}' },
    expect: { '/success': true },
    id: '/result/id',
    value: '/result/value',
  },
  list: {
    request: 'GET /accounts/{target.accountId}/tokens?per_page=50&direction=asc',
    pages: { number: 'page', first: 1, size: 50 },
    expect: { '/success': true },
    items: '/result',
    id: '/id',
    name: '/name',
    createdAt: '/issued_on',
    lastUsedAt: '/last_used_on',
  },
  retire: {
    request: 'DELETE /accounts/{target.accountId}/tokens/{id}',
    body: {},
    expect: { '/success': true },
    gone: [404],
  },
  accepts: {
    request: 'GET /accounts/{target.accountId}/tokens/verify',
    headers: { authorization: 'Bearer {key}' },
    expect: { '/success': true, '/result/status': 'active' },
    // 400 is for what cannot be a token. 403 says nothing of the token: it is for addresses that may not use it, too.
    refused: [400, 401],
  },
});
