import { declared } from './declared-provider.ts';

/**
 * Tokens of a service account, at a Grafana of one's own (`baseUrl`; at a private address, the function's
 * ALLOWED_PRIVATE_HOSTS has to name it). The administrator's token needs `serviceaccounts:read` and
 * `serviceaccounts:write` on that service account alone. `secondsToLive` is for a Grafana that wants tokens to expire: a
 * token has to outlive two rotations, being AWSCURRENT until the next one and AWSPREVIOUS until the one after. Expired
 * tokens are listed, and ended, like all others.
 *
 * Names are unique in an organization. What shows that a token works is documented with service accounts, not with the
 * other requests: https://grafana.com/docs/grafana/latest/administration/service-accounts/. Not documented: how many
 * tokens may live, how long a name may be (128 characters is what Amazon Managed Grafana documents), and how long a new
 * token takes to work where several Grafanas share a database.
 */
export const grafana = declared({
  name: 'grafana',
  documentation: 'https://grafana.com/docs/grafana/latest/developers/http_api/serviceaccount/',
  facts: { value: 'issued', longestName: 128, propagationMs: 30_000 },
  administrator: ['token'],
  target: { serviceAccountId: 'text', secondsToLive: 'optional json' },
  headers: { authorization: 'Bearer {administrator.token}' },
  mint: {
    request: 'POST /api/serviceaccounts/{target.serviceAccountId}/tokens',
    body: { name: '{name}', secondsToLive: '{target.secondsToLive}' },
    id: '/id',
    value: '/key',
  },
  list: {
    request: 'GET /api/serviceaccounts/{target.serviceAccountId}/tokens',
    items: '',
    id: '/id',
    name: '/name',
    createdAt: '/created',
    lastUsedAt: '/lastUsedAt',
  },
  retire: { request: 'DELETE /api/serviceaccounts/{target.serviceAccountId}/tokens/{id}', gone: [404] },
  accepts: {
    request: 'GET /api/access-control/user/permissions',
    headers: { authorization: 'Bearer {key}' },
    refused: [401],
  },
});
