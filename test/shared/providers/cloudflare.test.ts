import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeCloudflare } from '../../../local/issuers/cloudflare.ts';
import type { FakeRequest } from '../../../local/issuers/fake-issuer.ts';
import { cloudflare } from '../../../shared/providers/cloudflare.ts';
import type { Issuer, KeyRequest } from '../../../shared/providers/provider.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { providerSuite } from '../../conformance/provider.ts';
import { type ProviderWorld, startWorld } from '../../conformance/provider-world.ts';
import { hearing } from '../../support/heard-requests.ts';
import { timeLimit } from '../../support/time-limit.ts';

const accountId = 'eb78d65290b24279ba6f44721b3ea3c4';
const policies = [
  {
    effect: 'allow',
    permission_groups: [{ id: 'c8fed203ed3043cba015a93ad1616f1f' }],
    resources: { [`com.cloudflare.api.account.${accountId}`]: { 'com.cloudflare.api.account.zone.*': '*' } },
  },
];
const subject = {
  declaration: cloudflare.declaration,
  fake: () => fakeCloudflare(),
  target: { accountId, policies },
  account: accountId,
};

providerSuite(subject);

describe('Cloudflare', () => {
  let world: ProviderWorld;
  let heard: (readonly [route: string, request: FakeRequest])[];

  const opened = async (target: Readonly<Record<string, unknown>> = subject.target): Promise<Issuer> => {
    const { issuer, heard: requests } = hearing(fakeCloudflare());
    heard = requests;
    world = await startWorld({ ...subject, fake: () => issuer, target });
    return world.open(timeLimit());
  };
  const request: KeyRequest = { name: 'rotation/test/1', idempotencyKey: 'token' };
  const inside = { status: 200, body: { success: false, errors: [{ code: 1000 }], messages: [], result: null } };
  const refuseInside = (on: RegExp) => world.server.faults.push({ on, fault: { kind: 'answers', ...inside } });

  let issuer: Issuer;
  beforeEach(async () => {
    issuer = await opened();
  });
  afterEach(() => world.close());

  it('makes tokens with the policies of the target, and no other member', async () => {
    await issuer.mint(request);
    expect(heard.map(([, { body }]) => body)).toEqual([{ name: request.name, policies }]);
  });

  it('makes tokens under the condition of the target', async () => {
    await world.close();
    const condition = { request_ip: { in: ['192.0.2.0/24'] } };
    const limited = await opened({ ...subject.target, condition });
    await limited.mint(request);
    expect(heard.map(([, { body }]) => body)).toEqual([{ name: request.name, policies, condition }]);
  });

  it.each(['accountId', 'policies'])('says that the target has no %s', (field) => {
    const target = Object.fromEntries(Object.entries(subject.target).filter(([name]) => name !== field));
    const access = { administrator: world.administrator, target, environment: {}, conceal: () => {} };
    expect(() => cloudflare.open(access, timeLimit())).toThrow(`"targets.<name>.${field}"`);
  });

  it('lists the tokens of one account, however many pages they take', async () => {
    const names = Array.from({ length: 101 }, (_, index) => `token ${index}`);
    for (const name of names) world.keys.issue({ name, target: accountId });
    world.keys.issue({ name: 'elsewhere', target: 'another account' });
    expect((await issuer.list?.())?.map(({ name }) => name)).toEqual(names);
    expect(heard.map(([, { query }]) => query.get('page'))).toEqual(['1', '2', '3']);
  });

  it('tells when tokens were made and last used', async () => {
    const key = await issuer.mint(request);
    await issuer.accepts(key);
    const now = world.clock.now().getTime();
    const [listed] = (await issuer.list?.()) ?? [];
    expect(Math.abs(now - (listed?.createdAt?.getTime() ?? 0))).toBeLessThan(60_000);
    expect(Math.abs(now - (listed?.lastUsedAt?.getTime() ?? 0))).toBeLessThan(60_000);
  });

  it('ends a token with a JSON body, which the interface requires', async () => {
    const { id } = await issuer.mint(request);
    await issuer.retire?.(id);
    expect(heard.at(-1)).toMatchObject(['DELETE /accounts/{account}/tokens/{id}', { body: {} }]);
    expect(world.keys.living(accountId)).toEqual([]);
  });

  it.each([
    ['list', (open: Issuer) => open.list?.()],
    ['mint', (open: Issuer) => open.mint(request)],
  ] as const)('takes a success with an error inside for a refusal to %s', async (_, ask) => {
    refuseInside(/tokens$/);
    await expect(ask(issuer)).rejects.toMatchObject({ name: 'IssuerRefused' });
  });

  it('takes a success with an error inside for a refusal to end a token that lives on', async () => {
    const key = await issuer.mint(request);
    refuseInside(/^DELETE /);
    await expect(issuer.retire?.(key.id)).rejects.toMatchObject({ name: 'IssuerRefused' });
    expect(await issuer.accepts(key)).toBe(true);
  });

  it('accepts no token that is disabled, of another account, or no token at all', async () => {
    const key = await issuer.mint(request);
    expect(await issuer.accepts(key)).toBe(true);
    world.keys.change(key.id, { active: false });
    expect(await issuer.accepts(key)).toBe(false);
    const { value } = world.keys.issue({ target: 'another account' });
    expect(await issuer.accepts({ id: '', value: new Sensitive(value) })).toBe(false);
    expect(await issuer.accepts({ id: '', value: new Sensitive('short') })).toBe(false);
  });

  it('does not take "not from this address" for a token that does not work', async () => {
    const key = await issuer.mint(request);
    const body = { success: false, errors: [{ code: 9109 }], messages: [], result: null };
    world.server.faults.push({ on: /verify$/, fault: { kind: 'answers', status: 403, body } });
    await expect(issuer.accepts(key)).rejects.toMatchObject({ name: 'IssuerRefused' });
  });
});
