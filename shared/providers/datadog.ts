import { declared } from './declared-provider.ts';

/**
 * An organization's keys. The application key needs `api_keys_read`, `api_keys_write` and `api_keys_delete`. Not documented:
 * how long a name may be, and how long a new key takes to work. How many keys may live differs among organizations (50 at
 * first), so it is no fact here.
 */
export const datadog = declared({
  name: 'datadog',
  documentation: 'https://docs.datadoghq.com/api/latest/key-management/',
  facts: { value: 'issued', longestName: 128, propagationMs: 60_000 },
  baseUrl: 'https://api.datadoghq.com',
  administrator: ['apiKey', 'applicationKey'],
  headers: { 'DD-API-KEY': '{administrator.apiKey}', 'DD-APPLICATION-KEY': '{administrator.applicationKey}' },
  mint: {
    request: 'POST /api/v2/api_keys',
    body: { data: { type: 'api_keys', attributes: { name: '{name}' } } },
    id: '/data/id',
    value: '/data/attributes/key',
  },
  list: {
    request: 'GET /api/v2/api_keys?page[size]=100&sort=created_at',
    pages: { number: 'page[number]', first: 0, size: 100 },
    items: '/data',
    id: '/id',
    name: '/attributes/name',
    createdAt: '/attributes/created_at',
    lastUsedAt: '/attributes/date_last_used',
  },
  retire: { request: 'DELETE /api/v2/api_keys/{id}', gone: [404] },
  accepts: {
    request: 'GET /api/v1/validate',
    headers: { 'DD-API-KEY': '{key}' },
    expect: { '/valid': true },
    refused: [401, 403],
  },
});
