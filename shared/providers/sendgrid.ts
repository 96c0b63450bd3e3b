import { declared } from './declared-provider.ts';

/**
 * Keys of an account or, with a subuser's key as the administrator's, of a subuser. That key needs `api_keys.create`,
 * `api_keys.read` and `api_keys.delete`, and the `scopes` that it gives. These have to be said: without any, SendGrid makes
 * a key that may do everything.
 *
 * The 403 for one key too many is documented without its body, so it cannot be told from the one for missing rights; the
 * list is counted instead. The list tells neither dates nor use. Not documented: how long a name may be, and how long a
 * new key takes to work; an ended one fails "after some small propagation delay".
 */
export const sendgrid = declared({
  name: 'sendgrid',
  documentation: 'https://www.twilio.com/docs/sendgrid/api-reference/api-keys/create-api-keys',
  facts: { value: 'issued', livingKeys: 100, longestName: 100, propagationMs: 60_000 },
  baseUrl: 'https://api.sendgrid.com',
  administrator: ['apiKey'],
  target: { scopes: 'json' },
  headers: { authorization: 'Bearer {administrator.apiKey}' },
  mint: {
    request: 'POST /v3/api_keys',
    body: { name: '{name}', scopes: '{target.scopes}' },
    id: '/api_key_id',
    value: '/api_key',
  },
  list: { request: 'GET /v3/api_keys', items: '/result', id: '/api_key_id', name: '/name' },
  retire: { request: 'DELETE /v3/api_keys/{id}', gone: [404] },
  accepts: {
    request: 'GET /v3/scopes',
    headers: { authorization: 'Bearer {key}' },
    refused: [401],
  },
});
