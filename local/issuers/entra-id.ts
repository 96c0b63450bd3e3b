import { randomBytes, randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { FakeAnswer, FakeIssuer, FakeRequest } from './fake-issuer.ts';
import { type IssuedKey, IssuedKeys } from './issued-keys.ts';

const tokenRequest = z.strictObject({
  grant_type: z.literal('client_credentials'),
  scope: z.literal('https://graph.microsoft.com/.default'),
  client_id: z.string(),
  client_secret: z.string(),
});
const addPassword = z.strictObject({ passwordCredential: z.strictObject({ displayName: z.string() }) });
const removePassword = z.strictObject({ keyId: z.guid() });

const graphError = (status: number, code: string, message: string): FakeAnswer => ({
  status,
  body: { error: { code, message } },
});
const loginError = (status: number, error: string, code: number, text: string): FakeAnswer => ({
  status,
  body: { error, error_description: `AADSTS${code}: ${text}`, error_codes: [code], trace_id: randomUUID() },
});

/** Characters of a name, as those of certificates are cut: https://learn.microsoft.com/graph/api/resources/keycredential */
const LONGEST_NAME = 90;

/**
 * https://learn.microsoft.com/graph/api/application-addpassword, and Entra ID's token endpoint at the same address. Not
 * documented is how a password that is gone is answered: a 400, by
 * https://github.com/hashicorp/vault-plugin-secrets-azure, which tells it by the message.
 */
export function fakeEntraId(): FakeIssuer {
  const keys = new IssuedKeys({ limit: 1000, newValue: () => randomBytes(30).toString('base64url') });
  const administrator = { clientId: randomUUID(), clientSecret: randomBytes(30).toString('base64url') };
  const newToken = () => randomBytes(60).toString('base64url');
  const token = newToken();

  const asAdministrator = (answer: (request: FakeRequest) => FakeAnswer) => (request: FakeRequest) =>
    request.headers['authorization'] === `Bearer ${token}`
      ? answer(request)
      : graphError(401, 'InvalidAuthenticationToken', 'Access token validation failure.');

  const described = ({ id, name, createdAt, value }: IssuedKey) => ({
    customKeyIdentifier: null,
    displayName: name,
    endDateTime: twoYearsAfter(createdAt).toISOString(),
    hint: value.slice(0, 3),
    keyId: id,
    secretText: null,
    startDateTime: createdAt.toISOString(),
  });

  const tokenFor = ({ client_id: client, client_secret: secret }: z.infer<typeof tokenRequest>) => {
    if (client === administrator.clientId && secret === administrator.clientSecret) return token;
    return keys.use(secret)?.target === client ? newToken() : undefined;
  };

  return {
    name: 'entra-id',
    keys,
    administrator,
    routes: {
      'POST /{tenant}/oauth2/v2.0/token': ({ body }) => {
        const request = tokenRequest.safeParse(body);
        if (!request.success) return loginError(400, 'invalid_request', 900144, 'The request body must be complete.');
        const access_token = tokenFor(request.data);
        return access_token
          ? { status: 200, body: { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token } }
          : loginError(401, 'invalid_client', 7000215, 'Invalid client secret provided.');
      },

      "POST /v1.0/applications(appId='{app}')/addPassword": asAdministrator(({ path, body }) => {
        const request = addPassword.safeParse(body);
        if (!request.success) return graphError(400, 'Request_BadRequest', 'Invalid request body.');
        const name = request.data.passwordCredential.displayName.slice(0, LONGEST_NAME);
        const key = keys.issue({ name, target: path['app'] ?? '' });
        return { status: 200, body: { ...described(key), secretText: key.value } };
      }),

      "GET /v1.0/applications(appId='{app}')": asAdministrator(({ path }) => ({
        status: 200,
        body: { passwordCredentials: keys.living(path['app'] ?? '').map(described) },
      })),

      "POST /v1.0/applications(appId='{app}')/removePassword": asAdministrator(({ path, body }) => {
        const request = removePassword.safeParse(body);
        if (!request.success) return graphError(400, 'Request_BadRequest', 'Invalid request body.');
        const { keyId } = request.data;
        return keys.end(keyId, path['app'] ?? '')
          ? { status: 204 }
          : graphError(400, 'Request_BadRequest', `No password credential found with keyId ${keyId}.`);
      }),
    },
  };
}

function twoYearsAfter(date: Date): Date {
  const end = new Date(date);
  end.setUTCFullYear(end.getUTCFullYear() + 2);
  return end;
}
