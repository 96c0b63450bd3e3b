import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { bearerOf } from './bearer.ts';
import type { FakeAnswer, FakeIssuer, FakeRequest } from './fake-issuer.ts';
import { type IssuedKey, IssuedKeys, NotIssued } from './issued-keys.ts';

const createRequest = z.strictObject({ name: z.string().min(1), scopes: z.array(z.string()).optional() });

const EVERY_SCOPE = ['api_keys.create', 'api_keys.delete', 'api_keys.read', 'mail.send', 'templates.read'];

const refusal = (status: number, message: string): FakeAnswer => ({
  status,
  body: { errors: [{ field: null, message }] },
});

/** https://www.twilio.com/docs/sendgrid/api-reference/api-keys; at most 100 keys in an account, whose names may be the same. */
export function fakeSendGrid(limit = 100): FakeIssuer {
  const secret = (bytes: number) => randomBytes(bytes).toString('base64url');
  const newValue = () => `SG.${secret(16)}.${secret(32)}`;
  const keys = new IssuedKeys({ limit, newId: () => secret(16), newValue });
  const administrator = { apiKey: newValue() };
  const scopesOf = new Map<string, readonly string[]>();

  const asAdministrator = (answer: (request: FakeRequest) => FakeAnswer) => (request: FakeRequest) =>
    bearerOf(request) === administrator.apiKey ? answer(request) : refusal(401, 'authorization required');

  const described = ({ id, name }: IssuedKey) => ({ api_key_id: id, name });

  return {
    name: 'sendgrid',
    keys,
    administrator,
    routes: {
      'POST /v3/api_keys': asAdministrator(({ body }) => {
        const request = createRequest.safeParse(body);
        if (!request.success) return refusal(400, 'invalid request');
        const { name, scopes = EVERY_SCOPE } = request.data;
        if (scopes.some((scope) => !EVERY_SCOPE.includes(scope))) return refusal(400, 'invalid or unassignable scopes');
        try {
          const key = keys.issue({ name });
          scopesOf.set(key.id, scopes);
          return { status: 201, body: { ...described(key), api_key: key.value, scopes } };
        } catch (error) {
          if (error instanceof NotIssued) return refusal(403, 'too many keys');
          throw error;
        }
      }),

      'GET /v3/api_keys': asAdministrator(() => ({
        status: 200,
        body: { result: keys.living().map(described) },
      })),

      'DELETE /v3/api_keys/{id}': asAdministrator(({ path }) =>
        keys.end(path['id'] ?? '') ? { status: 204 } : refusal(404, 'not found'),
      ),

      'GET /v3/scopes': (request) => {
        const key = keys.use(bearerOf(request));
        if (key === undefined) return refusal(401, 'authorization required');
        return { status: 200, body: { scopes: scopesOf.get(key.id) ?? [] } };
      },
    },
  };
}
