import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { FakeAnswer, FakeIssuer, FakeRequest } from './fake-issuer.ts';
import { type IssuedKey, IssuedKeys, NotIssued } from './issued-keys.ts';

const createRequest = z.strictObject({
  data: z.strictObject({ type: z.literal('api_keys'), attributes: z.strictObject({ name: z.string().min(1) }) }),
});

const refusal = (status: number, error: string): FakeAnswer => ({ status, body: { errors: [error] } });

/** https://docs.datadoghq.com/api/latest/key-management/; at most 50 keys, whose names are unique, in an organization. */
export function fakeDatadog(limit = 50): FakeIssuer {
  const keys = new IssuedKeys({ limit, namesAreUnique: true, newValue: () => randomBytes(16).toString('hex') });
  const administrator = { apiKey: randomBytes(16).toString('hex'), applicationKey: randomBytes(20).toString('hex') };

  const asAdministrator = (answer: (request: FakeRequest) => FakeAnswer) => (request: FakeRequest) => {
    const { 'dd-api-key': apiKey, 'dd-application-key': applicationKey } = request.headers;
    const known = apiKey === administrator.apiKey && applicationKey === administrator.applicationKey;
    return known ? answer(request) : refusal(403, 'Forbidden');
  };

  const described = ({ id, name, createdAt, lastUsedAt, value }: IssuedKey) => ({
    type: 'api_keys',
    id,
    attributes: {
      name,
      created_at: createdAt.toISOString(),
      modified_at: createdAt.toISOString(),
      ...(lastUsedAt && { date_last_used: lastUsedAt.toISOString() }),
      last4: value.slice(-4),
    },
  });

  return {
    name: 'datadog',
    keys,
    administrator,
    routes: {
      'POST /api/v2/api_keys': asAdministrator(({ body }) => {
        const request = createRequest.safeParse(body);
        if (!request.success) return refusal(400, 'Bad Request');
        try {
          const key = keys.issue(request.data.data.attributes);
          const { attributes, ...data } = described(key);
          return { status: 201, body: { data: { ...data, attributes: { ...attributes, key: key.value } } } };
        } catch (error) {
          if (error instanceof NotIssued) return refusal(400, 'Bad Request');
          throw error;
        }
      }),

      'GET /api/v2/api_keys': asAdministrator(({ query }) => {
        const size = Number(query.get('page[size]') ?? 10);
        const from = Number(query.get('page[number]') ?? 0) * size;
        const living = keys.living().toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
        return {
          status: 200,
          body: {
            data: living.slice(from, from + size).map(described),
            meta: { max_allowed: limit, page: { total_filtered_count: living.length } },
          },
        };
      }),

      'DELETE /api/v2/api_keys/{id}': asAdministrator(({ path }) =>
        keys.end(path['id'] ?? '') ? { status: 204 } : refusal(404, 'API key not found'),
      ),

      'GET /api/v1/validate': ({ headers }) =>
        keys.use(headers['dd-api-key']) ? { status: 200, body: { valid: true } } : refusal(403, 'Forbidden'),
    },
  };
}
