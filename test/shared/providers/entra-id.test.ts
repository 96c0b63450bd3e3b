import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeEntraId } from '../../../local/issuers/entra-id.ts';
import { entraId } from '../../../shared/providers/entra-id.ts';
import type { Issuer } from '../../../shared/providers/provider.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { providerSuite } from '../../conformance/provider.ts';
import { type ProviderSubject, type ProviderWorld, startWorld } from '../../conformance/provider-world.ts';
import { timeLimit } from '../../support/time-limit.ts';

const app = '00001111-aaaa-2222-bbbb-3333cccc4444';
const subject: ProviderSubject = {
  declaration: entraId.declaration,
  fake: fakeEntraId,
  target: { tenantId: 'aaaabbbb-0000-cccc-1111-dddd2222eeee', appId: app },
  account: app,
  administrator: (baseUrl) => ({ loginUrl: baseUrl }),
};

providerSuite(subject);

describe('a password of an application', () => {
  let world: ProviderWorld;
  let issuer: Issuer;

  beforeEach(async () => {
    world = await startWorld(subject);
    issuer = world.open(timeLimit());
  });

  afterEach(() => world.close());

  const living = () => world.keys.living(app).map(({ id }) => id);
  const request = { name: 'rotation/test', idempotencyKey: 'token' };

  const message = 'Error due to concurrent requests being made to the tenant. Please wait briefly and retry.';
  const concurrent = [
    { status: 409, body: { error: { code: 'Directory_ConcurrencyViolation', message } } },
    { status: 503, body: { error: { code: 'Directory_ConcurrencyViolation', message } } },
    { status: 400, body: { error: { code: 'Request_BadRequest', message } } },
  ];

  it.each(concurrent)('is made and ended once others are done with the tenant: %j', async (answer) => {
    world.server.faults.push({ on: /addPassword$/, fault: { kind: 'answers', ...answer } });
    const { id } = await issuer.mint(request);
    expect(living()).toEqual([id]);
    world.server.faults.push({ on: /removePassword$/, fault: { kind: 'answers', ...answer } });
    await issuer.retire?.(id);
    expect(living()).toEqual([]);
  });

  it.each([400, 409, 503])('is asked for once only if %i says nothing of concurrent requests', async (status) => {
    const body = { error: { code: 'Request_BadRequest', message: 'A value is invalid.' } };
    world.server.faults.push({ on: /addPassword$/, fault: { kind: 'answers', status, body } });
    await expect(issuer.mint(request)).rejects.toThrow();
    expect(world.server.requests.filter((line) => line.endsWith('addPassword'))).toHaveLength(1);
    expect(living()).toEqual([]);
  });

  it('that is refused its end, and lives, is told', async () => {
    const { id } = await issuer.mint(request);
    world.server.faults.push({ on: /removePassword$/, fault: { kind: 'answers', status: 403, body: { error: {} } } });
    await expect(issuer.retire?.(id)).rejects.toMatchObject({ name: 'IssuerRefused' });
    expect(living()).toEqual([id]);
  });

  it('takes one access token for all that is asked with an administrator’s credential', async () => {
    const { id } = await issuer.mint(request);
    await issuer.list?.();
    await issuer.retire?.(id);
    expect(world.server.requests.filter((line) => line.endsWith('/token'))).toHaveLength(1);
  });

  it('of another application proves nothing', async () => {
    const value = new Sensitive('password-of-another-application');
    world.keys.issue({ target: '99990000-dddd-1111-eeee-2222ffff3333', value: value.reveal() });
    expect(await issuer.accepts({ id: '', value })).toBe(false);
  });
});
