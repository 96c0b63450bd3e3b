import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { FakeAnswer, FakeIssuer } from './fake-issuer.ts';
import { IssuedKeys } from './issued-keys.ts';

const tokenRequest = z.strictObject({
  grant_type: z.literal('client_credentials'),
  client_id: z.string(),
  client_secret: z.string(),
  audience: z.string(),
});
const change = z.strictObject({ client_secret: z.string().min(1) });
const revocation = z.strictObject({ client_id: z.string(), client_secret: z.string(), token: z.string().min(1) });

const refusal = (statusCode: number, error: string): FakeAnswer => ({
  status: statusCode,
  body: { statusCode, error, message: `${error}.` },
});
const oauthError = (status: number, error: string): FakeAnswer => ({
  status,
  body: { error, error_description: 'Check the request.' },
});

/** https://auth0.com/docs/api/management/v2/clients/patch-clients-by-id; a client has one secret, and a new one replaces it. */
export function fakeAuth0(): FakeIssuer {
  const keys = new IssuedKeys({ limit: 1 });
  const administrator = {
    clientId: randomBytes(16).toString('hex'),
    clientSecret: randomBytes(48).toString('base64url'),
    audience: 'https://example.eu.auth0.com/api/v2/',
  };
  const token = randomBytes(60).toString('base64url');

  return {
    name: 'auth0',
    keys,
    administrator,
    routes: {
      'POST /oauth/token': ({ body }) => {
        const { success, data } = tokenRequest.safeParse(body);
        if (!success) return oauthError(400, 'invalid_request');
        const { client_id, client_secret, audience } = data;
        if (client_id !== administrator.clientId || client_secret !== administrator.clientSecret)
          return oauthError(401, 'access_denied');
        if (audience !== administrator.audience) return oauthError(403, 'access_denied');
        return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: 86_400 } };
      },

      'PATCH /api/v2/clients/{client}': ({ path, headers, body }) => {
        if (headers['authorization'] !== `Bearer ${token}`) return refusal(401, 'Unauthorized');
        const { success, data } = change.safeParse(body);
        if (!success) return refusal(400, 'Bad Request');
        const target = path['client'] ?? '';
        // The secret that it has already goes on working, as if nothing was asked.
        if (keys.living(target).some(({ value }) => value === data.client_secret)) return patched(target);
        for (const { id } of keys.living(target)) keys.end(id, target);
        keys.issue({ target, value: data.client_secret });
        return patched(target);
      },

      'POST /oauth/revoke': ({ body }) => {
        const { success, data } = revocation.safeParse(body);
        if (!success) return oauthError(400, 'invalid_request');
        return keys.use(data.client_secret)?.target === data.client_id
          ? { status: 200 }
          : oauthError(401, 'invalid_client');
      },
    },
  };
}

function patched(client_id: string): FakeAnswer {
  return { status: 200, body: { client_id, name: 'An application', tenant: 'example', app_type: 'regular_web' } };
}
