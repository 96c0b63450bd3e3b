import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeOkta } from '../../../local/issuers/okta.ts';
import { okta } from '../../../shared/providers/okta.ts';
import type { Issuer } from '../../../shared/providers/provider.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { providerSuite } from '../../conformance/provider.ts';
import { type ProviderSubject, type ProviderWorld, startWorld } from '../../conformance/provider-world.ts';
import { timeLimit } from '../../support/time-limit.ts';

const app = '0oa1gjh63g214q0Hq0g4';
const subject: ProviderSubject = {
  declaration: okta.declaration,
  fake: fakeOkta,
  target: { appId: app, clientId: app },
  account: app,
  dedicated: true,
};

providerSuite(subject);

describe('a client secret at Okta', () => {
  let world: ProviderWorld;
  let issuer: Issuer;

  beforeEach(async () => {
    world = await startWorld(subject);
    issuer = world.open(timeLimit());
  });

  afterEach(() => world.close());

  const chosen = (value: string) => ({ name: '', idempotencyKey: '', value: new Sensitive(value) });
  const living = () => world.keys.living(app).map(({ value }) => value);

  it('that an earlier try deactivated, and did not delete, still counts, and is ended', async () => {
    await issuer.mint(chosen('the-first-of-two-secrets'));
    const { id } = await issuer.mint(chosen('the-second-of-two-secrets'));
    world.keys.change(id, { active: false });
    expect((await issuer.list?.())?.map((secret) => secret.id)).toContain(id);
    await issuer.retire?.(id);
    expect(living()).toEqual(['the-first-of-two-secrets']);
  });

  it('that is the only one lives on', async () => {
    const { id } = await issuer.mint(chosen('the-only-secret-there-is'));
    await expect(issuer.retire?.(id)).rejects.toMatchObject({ name: 'IssuerRefused' });
    expect(living()).toEqual(['the-only-secret-there-is']);
  });

  it('that would be the third is refused, and nothing else happens', async () => {
    const two = ['the-first-of-two-secrets', 'the-second-of-two-secrets'];
    for (const value of two) await issuer.mint(chosen(value));
    await expect(issuer.mint(chosen('the-third-of-two-secrets'))).rejects.toMatchObject({ name: 'IssuerRefused' });
    expect(living()).toEqual(two);
  });

  it('of another application proves nothing', async () => {
    const { value } = world.keys.issue({ target: 'another-app', value: 'the-secret-of-another-app' });
    expect(await issuer.accepts({ id: '', value: new Sensitive(value) })).toBe(false);
  });

  it('is proved without the administrator’s token', async () => {
    await issuer.accepts({ id: '', value: new Sensitive('no-secret-of-anybody') });
    expect(world.server.requests).toEqual(['POST /oauth2/v1/introspect']);
  });
});
