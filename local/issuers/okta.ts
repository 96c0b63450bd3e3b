import { createHash, randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { FakeAnswer, FakeIssuer, FakeRequest } from './fake-issuer.ts';
import { type IssuedKey, IssuedKeys, NotIssued } from './issued-keys.ts';

const secretRequest = z.strictObject({
  client_secret: z
    .string()
    .regex(/^[\x20-\x7e]{14,100}$/)
    .optional(),
  status: z.enum(['ACTIVE', 'INACTIVE']).default('ACTIVE'),
});
const introspection = z.strictObject({
  token: z.string().min(1),
  token_type_hint: z.enum(['access_token', 'id_token', 'refresh_token']).optional(),
});

const errorSummaries = {
  E0000001: 'Api validation failed: OAuth2ClientSecretMediated',
  E0000007: 'Not found: Resource not found',
  E0000011: 'Invalid token provided',
};

function refusal(status: number, errorCode: keyof typeof errorSummaries, ...causes: readonly string[]): FakeAnswer {
  const errorCauses = causes.map((errorSummary) => ({ errorSummary }));
  const errorId = `oae${randomBytes(8).toString('hex')}`;
  return {
    status,
    body: { errorCode, errorSummary: errorSummaries[errorCode], errorLink: errorCode, errorId, errorCauses },
  };
}

/**
 * https://developer.okta.com/docs/guides/client-secret-rotation-key/main/; an application is its own client, as Okta makes
 * them. That a second deactivation is refused is the worse of the two answers that could be given.
 */
export function fakeOkta(): FakeIssuer {
  const keys = new IssuedKeys({ limit: 2, newId: () => `ocs${randomBytes(8).toString('hex')}` });
  const administrator = { apiToken: `00${randomBytes(20).toString('base64url')}` };

  const asAdministrator = (answer: (request: FakeRequest) => FakeAnswer) => (request: FakeRequest) =>
    request.headers['authorization'] === `SSWS ${administrator.apiToken}` ? answer(request) : refusal(401, 'E0000011');

  const ofSecret = (answer: (secret: IssuedKey) => FakeAnswer) =>
    asAdministrator(({ path }) => {
      const secret = keys.living(path['app'] ?? '').find(({ id }) => id === path['id']);
      return secret ? answer(secret) : refusal(404, 'E0000007');
    });

  const described = ({ id, value, createdAt, active }: IssuedKey) => ({
    id,
    created: createdAt.toISOString(),
    lastUpdated: createdAt.toISOString(),
    client_secret: value,
    secret_hash: createHash('md5').update(value).digest('base64url'),
    status: active ? 'ACTIVE' : 'INACTIVE',
  });

  return {
    name: 'okta',
    keys,
    administrator,
    routes: {
      'GET /api/v1/apps/{app}/credentials/secrets': asAdministrator(({ path }) => ({
        status: 200,
        body: keys.living(path['app'] ?? '').map(described),
      })),

      'POST /api/v1/apps/{app}/credentials/secrets': asAdministrator(({ path, body }) => {
        const request = secretRequest.safeParse(body);
        if (!request.success) return refusal(400, 'E0000001', 'client_secret: invalid');
        const { client_secret: value = randomBytes(30).toString('base64url'), status } = request.data;
        try {
          const { id } = keys.issue({ target: path['app'] ?? '', value });
          const secret = keys.change(id, { active: status === 'ACTIVE' });
          return { status: 201, body: secret && described(secret) };
        } catch (error) {
          if (error instanceof NotIssued) return refusal(400, 'E0000001', 'Too many client secrets.');
          throw error;
        }
      }),

      'POST /api/v1/apps/{app}/credentials/secrets/{id}/lifecycle/deactivate': ofSecret(({ id, target, active }) => {
        if (!active) return refusal(400, 'E0000001', 'The client secret is inactive.');
        if (keys.living(target).filter((secret) => secret.active).length === 1)
          return refusal(400, 'E0000001', "You can't deactivate the only active client secret.");
        const secret = keys.change(id, { active: false });
        return { status: 200, body: secret && described(secret) };
      }),

      'DELETE /api/v1/apps/{app}/credentials/secrets/{id}': ofSecret(({ id, target, active }) => {
        if (active) return refusal(400, 'E0000001', "You can't delete an active client secret.");
        keys.end(id, target);
        return { status: 204 };
      }),

      'POST /oauth2/v1/introspect': ({ headers, body }) => {
        if (!introspection.safeParse(body).success) return { status: 400, body: { error: 'invalid_request' } };
        const [, encoded = ''] = /^Basic (.+)$/.exec(headers['authorization'] ?? '') ?? [];
        const [, client, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
        return keys.use(secret)?.target === client && client !== undefined
          ? { status: 200, body: { active: false } }
          : {
              status: 401,
              body: { error: 'invalid_client', error_description: 'The client secret supplied is invalid.' },
            };
      },
    },
  };
}
