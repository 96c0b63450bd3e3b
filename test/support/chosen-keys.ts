import { randomBytes } from 'node:crypto';
import type { FakeAnswer, FakeIssuer, FakeRequest } from '../../local/issuers/fake-issuer.ts';
import { IssuedKeys, NotIssued } from '../../local/issuers/issued-keys.ts';
import type { Declaration } from '../../shared/providers/declaration.ts';

/** An issuer that is nobody's: the caller chooses the value, keys have no names, and two may live. */
export const chosenKeys: Declaration = {
  name: 'chosen-keys',
  documentation: 'https://example.com/none',
  facts: { value: 'chosen', livingKeys: 2, propagationMs: 30_000 },
  administrator: ['user', 'password'],
  target: { app: 'text', scopes: 'optional json' },
  token: {
    request: 'POST /token',
    basic: { username: '{administrator.user}', password: '{administrator.password}' },
    form: { grant_type: 'client_credentials' },
    value: '/access_token',
  },
  headers: { Authorization: 'Bearer {token}' },
  mint: {
    request: 'POST /apps/{target.app}/secrets',
    body: { secret: '{key}', scopes: '{target.scopes}' },
    id: '/id',
    limit: { status: 400, expect: { '/code': 'too many' } },
  },
  list: {
    request: 'GET /apps/{target.app}/secrets',
    items: '',
    id: '/id',
    value: '/secret',
    createdAt: '/created',
    where: { '/status': 'ACTIVE' },
  },
  retire: [
    { request: 'POST /apps/{target.app}/secrets/{id}/deactivate', gone: [404] },
    { request: 'DELETE /apps/{target.app}/secrets/{id}', body: {}, gone: [404] },
  ],
  accepts: {
    request: 'POST /introspect',
    form: { client_id: '{target.app}', client_secret: '{key}' },
    refused: [401],
  },
};

export function fakeChosenKeys(): FakeIssuer {
  const keys = new IssuedKeys({ limit: 2 });
  const administrator = { user: 'boss', password: randomBytes(16).toString('hex') };
  const basic = `Basic ${Buffer.from(`boss:${administrator.password}`).toString('base64')}`;
  const token = randomBytes(16).toString('hex');
  const known = (answer: (request: FakeRequest) => FakeAnswer) => (request: FakeRequest) =>
    request.headers['authorization'] === `Bearer ${token}` ? answer(request) : { status: 401 };
  const field = (body: unknown, name: string): string =>
    typeof body === 'object' && body !== null ? String(Reflect.get(body, name)) : '';

  return {
    name: 'chosen-keys',
    keys,
    administrator,
    routes: {
      'POST /token': ({ headers, body }) =>
        headers['authorization'] === basic && field(body, 'grant_type') === 'client_credentials'
          ? { status: 200, body: { access_token: token } }
          : { status: 401, body: { error: 'invalid_client' } },

      'POST /apps/{app}/secrets': known(({ path, body }) => {
        try {
          const { id } = keys.issue({ target: path['app'] ?? '', value: field(body, 'secret') });
          return { status: 201, body: { id } };
        } catch (error) {
          if (error instanceof NotIssued) return { status: 400, body: { code: 'too many' } };
          throw error;
        }
      }),

      'GET /apps/{app}/secrets': known(({ path }) => ({
        status: 200,
        body: keys.living(path['app']).map(({ id, value, createdAt, active }) => ({
          id,
          secret: value,
          created: createdAt.toISOString(),
          status: active ? 'ACTIVE' : 'INACTIVE',
        })),
      })),

      'POST /apps/{app}/secrets/{id}/deactivate': known(({ path }) =>
        keys.change(path['id'] ?? '', { active: false }) ? { status: 200, body: {} } : { status: 404 },
      ),

      'DELETE /apps/{app}/secrets/{id}': known(({ path, body }) =>
        keys.end(path['id'] ?? '', path['app']) && body !== undefined ? { status: 204 } : { status: 404 },
      ),

      'POST /introspect': ({ body }) =>
        keys.use(field(body, 'client_secret')) ? { status: 200, body: { active: false } } : { status: 401 },
    },
  };
}
