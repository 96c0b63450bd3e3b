import { declared } from './declared-provider.ts';

/**
 * The one client secret of an application, patched with a value that is chosen here: the old one ends in that moment, and
 * the new one may take 30 s (https://auth0.com/docs/get-started/applications/rotate-client-secret). `rotate-secret` is not
 * used: repeated after a lost answer, it would end the secret that it had just made. The administrator is an application with
 * the scope `update:client_keys` of the Management API, which is its `audience`. A secret is proved by revoking a token that
 * there never was, which is a success whose body means nothing (https://www.rfc-editor.org/rfc/rfc7009#section-2.2); the
 * application has to authenticate by `client_secret_post`. Not documented: whether it needs a grant to ask.
 */
export const auth0 = declared({
  name: 'auth0',
  documentation: 'https://auth0.com/docs/api/management/v2/clients/patch-clients-by-id',
  facts: { value: 'chosen', livingKeys: 1, propagationMs: 30_000 },
  administrator: ['clientId', 'clientSecret', 'audience'],
  target: { clientId: 'text' },
  token: {
    request: 'POST /oauth/token',
    form: {
      grant_type: 'client_credentials',
      client_id: '{administrator.clientId}',
      client_secret: '{administrator.clientSecret}',
      audience: '{administrator.audience}',
    },
    value: '/access_token',
  },
  headers: { Authorization: 'Bearer {token}' },
  mint: { request: 'PATCH /api/v2/clients/{target.clientId}', body: { client_secret: '{key}' } },
  accepts: {
    request: 'POST /oauth/revoke',
    form: { client_id: '{target.clientId}', client_secret: '{key}', token: 'none' },
    json: false,
    refused: [401],
  },
});
