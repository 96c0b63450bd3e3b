import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { bearerOf } from './bearer.ts';
import type { FakeAnswer, FakeIssuer, FakeRequest } from './fake-issuer.ts';
import { type IssuedKey, IssuedKeys, NotIssued } from './issued-keys.ts';

const createRequest = z.strictObject({ name: z.string() });

const refusal = (status: number, code: string): FakeAnswer => ({ status, body: { error: { code } } });

/**
 * A service of somebody's own, for the provider `http`: keys with names, in one application each, and the same key for
 * requests with the same `Idempotency-Key`.
 */
export function fakeInHouse(limit = 3): FakeIssuer {
  const keys = new IssuedKeys({ limit, newValue: () => randomBytes(24).toString('base64url') });
  const administrator = { adminToken: randomBytes(24).toString('base64url') };
  const made = new Map<string, IssuedKey>();

  const asAdministrator = (answer: (request: FakeRequest) => FakeAnswer) => (request: FakeRequest) =>
    bearerOf(request) === administrator.adminToken ? answer(request) : refusal(401, 'not_an_administrator');

  const described = ({ id, name, createdAt }: IssuedKey) => ({ id, name, created: createdAt.toISOString() });

  return {
    name: 'in-house',
    keys,
    administrator,
    routes: {
      'POST /v1/applications/{application}/keys': asAdministrator(({ path, body, headers }) => {
        const { success, data } = createRequest.safeParse(body);
        if (!success) return refusal(422, 'unknown_members');
        const repeated = headers['idempotency-key'];
        try {
          const known = repeated === undefined ? undefined : made.get(repeated);
          const key = known ?? keys.issue({ ...data, target: path['application'] ?? '' });
          if (repeated !== undefined) made.set(repeated, key);
          return { status: 201, body: { key: { ...described(key), secret: key.value } } };
        } catch (error) {
          if (error instanceof NotIssued) return refusal(409, 'too_many_keys');
          throw error;
        }
      }),

      'GET /v1/applications/{application}/keys': asAdministrator(({ path, query }) => {
        const living = keys.living(path['application'] ?? '');
        const from = Number(query.get('after') ?? 0);
        const next = from + 2 < living.length ? String(from + 2) : null;
        return { status: 200, body: { keys: living.slice(from, from + 2).map(described), next } };
      }),

      'DELETE /v1/applications/{application}/keys/{id}': asAdministrator(({ path }) =>
        keys.end(path['id'] ?? '', path['application'] ?? '') ? { status: 204 } : refusal(404, 'no_such_key'),
      ),

      'GET /v1/whoami': (request) => {
        const key = keys.use(bearerOf(request));
        return key ? { status: 200, body: { application: key.target } } : refusal(401, 'no_such_key');
      },
    },
  };
}
