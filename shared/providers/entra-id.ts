import type { Refusal } from './declaration.ts';
import { declared } from './declared-provider.ts';

/** Not documented, and seen in all three forms: https://github.com/nais/azurerator/issues/448, https://github.com/Azure/azure-cli/issues/23081 */
const concurrentRequests: readonly Refusal[] = [
  { status: 409, expect: { '/error/code': 'Directory_ConcurrencyViolation' } },
  { status: 503, expect: { '/error/code': 'Directory_ConcurrencyViolation' } },
  {
    status: 400,
    expect: {
      '/error/message': 'Error due to concurrent requests being made to the tenant. Please wait briefly and retry.',
    },
  },
];

/** Proves an application, as well as the administrator's: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow */
const getToken = {
  request: 'POST /{target.tenantId}/oauth2/v2.0/token',
  base: 'loginUrl',
} as const;
const clientCredentials = { grant_type: 'client_credentials', scope: 'https://graph.microsoft.com/.default' };

/**
 * The passwords (client secrets) of one application, in Microsoft's global cloud. The administrator is an application of the
 * same tenant with the permission `Application.ReadWrite.OwnedBy`, and owner of the other one. A password lives for two
 * years unless the tenant's policy says less: no end is asked for, so that it outlives the next rotation. A password is
 * proved by getting an access token, which changes nothing but the sign-in log; a wrong one is answered with 401
 * (AADSTS7000215). Not documented: how long a name may be (those of certificates are cut at 90 characters), how long a new
 * password takes to work (minutes, at times), and how many may live.
 */
export const entraId = declared({
  name: 'entra-id',
  documentation: 'https://learn.microsoft.com/graph/api/application-addpassword',
  facts: { value: 'issued', longestName: 90, propagationMs: 180_000 },
  baseUrl: 'https://graph.microsoft.com',
  otherUrls: { loginUrl: 'https://login.microsoftonline.com' },
  administrator: ['clientId', 'clientSecret'],
  target: { tenantId: 'text', appId: 'text' },
  token: {
    ...getToken,
    form: {
      ...clientCredentials,
      client_id: '{administrator.clientId}',
      client_secret: '{administrator.clientSecret}',
    },
    value: '/access_token',
  },
  headers: { Authorization: 'Bearer {token}' },
  mint: {
    request: "POST /v1.0/applications(appId='{target.appId}')/addPassword",
    body: { passwordCredential: { displayName: '{name}' } },
    id: '/keyId',
    value: '/secretText',
    busy: concurrentRequests,
  },
  list: {
    request: "GET /v1.0/applications(appId='{target.appId}')?$select=passwordCredentials",
    items: '/passwordCredentials',
    id: '/keyId',
    name: '/displayName',
  },
  retire: {
    request: "POST /v1.0/applications(appId='{target.appId}')/removePassword",
    body: { keyId: '{id}' },
    busy: concurrentRequests,
  },
  accepts: {
    ...getToken,
    form: { ...clientCredentials, client_id: '{target.appId}', client_secret: '{key}' },
    expect: { '/token_type': 'Bearer' },
    refused: [401],
  },
});
