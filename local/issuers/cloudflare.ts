import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { bearerOf } from './bearer.ts';
import type { FakeAnswer, FakeIssuer, FakeRequest } from './fake-issuer.ts';
import { type IssuedKey, IssuedKeys, NotIssued } from './issued-keys.ts';

const resources = z.record(z.string(), z.union([z.string(), z.record(z.string(), z.string())]));
const policy = z.strictObject({
  effect: z.enum(['allow', 'deny']),
  permission_groups: z.array(z.object({ id: z.string() })).min(1),
  resources,
});
const addresses = z.array(z.string());
const createRequest = z.strictObject({
  name: z.string().min(1).max(120),
  policies: z.array(policy).min(1),
  condition: z
    .strictObject({ request_ip: z.strictObject({ in: addresses, not_in: addresses }).partial() })
    .partial()
    .optional(),
});

const success = (result: unknown, more = {}): FakeAnswer => ({
  status: 200,
  body: { success: true, errors: [], messages: [], result, ...more },
});
const refusal = (status: number, code: number, message: string): FakeAnswer => ({
  status,
  body: { success: false, errors: [{ code, message }], messages: [], result: null },
});

/** https://developers.cloudflare.com/api/resources/accounts/subresources/tokens/; at most 500 tokens in an account. */
export function fakeCloudflare(limit = 500): FakeIssuer {
  const newId = () => randomBytes(16).toString('hex');
  const keys = new IssuedKeys({ limit, newId, newValue: () => `cfat_${randomBytes(24).toString('hex')}` });
  const administrator = { apiToken: `cfat_${randomBytes(24).toString('hex')}` };
  const asked = new Map<string, z.infer<typeof createRequest>>();

  const asAdministrator = (answer: (request: FakeRequest) => FakeAnswer) => (request: FakeRequest) =>
    bearerOf(request) === administrator.apiToken ? answer(request) : refusal(401, 1000, 'Invalid API Token');

  const described = ({ id, name, active, createdAt, lastUsedAt }: IssuedKey) => ({
    id,
    name,
    status: active ? 'active' : 'disabled',
    issued_on: toTheSecond(createdAt),
    modified_on: toTheSecond(createdAt),
    ...(lastUsedAt && { last_used_on: toTheSecond(lastUsedAt) }),
    ...(asked.get(id)?.condition && { condition: asked.get(id)?.condition }),
    policies: (asked.get(id)?.policies ?? []).map((one, index) => ({ id: `${id}-${index}`, ...one })),
  });

  return {
    name: 'cloudflare',
    keys,
    administrator,
    routes: {
      'POST /accounts/{account}/tokens': asAdministrator(({ path, body }) => {
        const request = createRequest.safeParse(body);
        if (!request.success) return refusal(400, 1001, 'Invalid request');
        try {
          const key = keys.issue({ name: request.data.name, target: path['account'] ?? '' });
          asked.set(key.id, request.data);
          return success({ ...described(key), value: key.value });
        } catch (error) {
          if (error instanceof NotIssued) return refusal(400, 1002, 'Too many tokens');
          throw error;
        }
      }),

      'GET /accounts/{account}/tokens': asAdministrator(({ path, query }) => {
        const [page, size] = [Number(query.get('page') ?? 1), Number(query.get('per_page') ?? 20)];
        if (page < 1 || size < 5 || size > 50) return refusal(400, 1001, 'Invalid request');
        const living = keys.living(path['account'] ?? '');
        const shown = living.slice((page - 1) * size, page * size).map(described);
        const info = { page, per_page: size, count: shown.length, total_count: living.length };
        return success(shown, { result_info: info });
      }),

      'DELETE /accounts/{account}/tokens/{id}': asAdministrator(({ path: { account, id = '' }, body }) => {
        if (body === undefined) return refusal(400, 1001, 'Invalid request');
        return keys.end(id, account) ? success({ id }) : refusal(404, 1003, 'Token not found');
      }),

      'GET /accounts/{account}/tokens/verify': (request) => {
        const { account } = request.path;
        const value = bearerOf(request) ?? '';
        if (value.length < 40 || value.length > 80) return refusal(400, 6003, 'Invalid request headers');
        const key = keys.use(value) ?? keys.living(account).find((one) => one.value === value && !one.active);
        if (key === undefined || key.target !== account) return refusal(401, 1000, 'Invalid API Token');
        const { id, status } = described(key);
        return success({ id, status });
      },
    },
  };
}

function toTheSecond(date: Date): string {
  return date.toISOString().replace(/\.\d+/, '');
}
