import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { bearerOf } from './bearer.ts';
import type { FakeAnswer, FakeIssuer, FakeRequest } from './fake-issuer.ts';
import { type IssuedKey, IssuedKeys, NotIssued } from './issued-keys.ts';

const createRequest = z.strictObject({
  name: z.string().min(1),
  secondsToLive: z.int().nonnegative().optional(),
});

const refusal = (status: number, message: string): FakeAnswer => ({ status, body: { message } });

/**
 * https://grafana.com/docs/grafana/latest/developers/http_api/serviceaccount/; any number of tokens, with names that are
 * unique. Expired tokens stay until they are deleted.
 */
export function fakeGrafana(): FakeIssuer {
  let made = 0;
  const keys = new IssuedKeys({
    limit: Number.POSITIVE_INFINITY,
    namesAreUnique: true,
    newId: () => {
      made += 1;
      return String(made);
    },
    newValue: () => `glsa_${randomBytes(16).toString('hex')}_${randomBytes(4).toString('hex')}`,
  });
  const administrator = { token: `glsa_${randomBytes(16).toString('hex')}_${randomBytes(4).toString('hex')}` };
  const expiries = new Map<string, Date>();

  const asAdministrator = (answer: (request: FakeRequest) => FakeAnswer) => (request: FakeRequest) =>
    bearerOf(request) === administrator.token ? answer(request) : refusal(401, 'Invalid API key');

  const hasExpired = (id: string) => (expiries.get(id)?.getTime() ?? Number.POSITIVE_INFINITY) <= keys.now().getTime();

  const described = ({ id, name, createdAt, lastUsedAt }: IssuedKey) => ({
    id: Number(id),
    name,
    created: createdAt.toISOString(),
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
    expiration: expiries.get(id)?.toISOString() ?? null,
    secondsUntilExpiration: 0,
    hasExpired: hasExpired(id),
    isRevoked: false,
  });

  return {
    name: 'grafana',
    keys,
    administrator,
    routes: {
      'POST /api/serviceaccounts/{account}/tokens': asAdministrator(({ path, body }) => {
        const request = createRequest.safeParse(body);
        if (!request.success) return refusal(400, 'Bad request data');
        const { name, secondsToLive = 0 } = request.data;
        try {
          const key = keys.issue({ name, target: path['account'] ?? '' });
          if (secondsToLive > 0) expiries.set(key.id, new Date(key.createdAt.getTime() + secondsToLive * 1000));
          return { status: 200, body: { id: Number(key.id), name, key: key.value } };
        } catch (error) {
          if (error instanceof NotIssued) return refusal(409, 'service account token with given name already exists');
          throw error;
        }
      }),

      'GET /api/serviceaccounts/{account}/tokens': asAdministrator(({ path }) => ({
        status: 200,
        body: keys.living(path['account'] ?? '').map(described),
      })),

      'DELETE /api/serviceaccounts/{account}/tokens/{id}': asAdministrator(({ path: { account, id = '' } }) =>
        keys.end(id, account)
          ? { status: 200, body: { message: 'Service account token deleted' } }
          : refusal(404, 'service account token not found'),
      ),

      'GET /api/access-control/user/permissions': (request) => {
        const key = keys.use(bearerOf(request));
        if (key === undefined || hasExpired(key.id)) return refusal(401, 'Invalid API key');
        return { status: 200, body: { 'dashboards:read': ['dashboards:*'] } };
      },
    },
  };
}
