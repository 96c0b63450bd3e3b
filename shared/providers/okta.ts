import { declared } from './declared-provider.ts';

/**
 * The client secrets of one application (OpenID Connect), which may be chosen: 14 to 100 characters of printable ASCII.
 * Two may live, inactive ones included; the last active one cannot be ended. A secret is proved at the organization's own
 * introspection endpoint, which asks for the client's credentials and only reads
 * (https://developer.okta.com/docs/api/openapi/okta-oauth/guides/client-auth/); the application has to authenticate by
 * `client_secret_basic`, which is Okta's default. An API token that is not used for 30 days expires
 * (https://support.okta.com/help/s/article/How-an-API-Token-is-expired-and-get-deactivated). Not documented: how long a new
 * secret takes to work, what a second deactivation is answered with, and how a third secret is told from other mistakes.
 */
export const okta = declared({
  name: 'okta',
  documentation: 'https://developer.okta.com/docs/guides/client-secret-rotation-key/main/',
  facts: { value: 'chosen', livingKeys: 2, propagationMs: 30_000 },
  administrator: ['apiToken'],
  target: { appId: 'text', clientId: 'text' },
  headers: { Authorization: 'SSWS {administrator.apiToken}' },
  mint: {
    request: 'POST /api/v1/apps/{target.appId}/credentials/secrets',
    body: { client_secret: '{key}', status: 'ACTIVE' },
    id: '/id',
  },
  list: {
    request: 'GET /api/v1/apps/{target.appId}/credentials/secrets',
    items: '',
    id: '/id',
    value: '/client_secret',
    createdAt: '/created',
  },
  retire: [
    {
      request: 'POST /api/v1/apps/{target.appId}/credentials/secrets/{id}/lifecycle/deactivate',
      // If it is inactive already, it can be deleted; if it is the last one, the deletion is refused in its turn.
      success: [200, 400],
      gone: [404],
    },
    { request: 'DELETE /api/v1/apps/{target.appId}/credentials/secrets/{id}', gone: [404] },
  ],
  accepts: {
    request: 'POST /oauth2/v1/introspect',
    basic: { username: '{target.clientId}', password: '{key}' },
    form: { token: 'none', token_type_hint: 'access_token' },
    expect: { '/active': false },
    refused: [401],
  },
});
