import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeAuth0 } from '../../../local/issuers/auth0.ts';
import { auth0 } from '../../../shared/providers/auth0.ts';
import type { Issuer } from '../../../shared/providers/provider.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { providerSuite } from '../../conformance/provider.ts';
import { type ProviderSubject, type ProviderWorld, startWorld } from '../../conformance/provider-world.ts';
import { timeLimit } from '../../support/time-limit.ts';

const client = 'AaiyAPdpYdesoKnqjj8HJqRn4T5titww';
const subject: ProviderSubject = {
  declaration: auth0.declaration,
  fake: fakeAuth0,
  target: { clientId: client },
  account: client,
};

providerSuite(subject);

describe('the client secret of an application at Auth0', () => {
  let world: ProviderWorld;
  let issuer: Issuer;

  beforeEach(async () => {
    world = await startWorld(subject);
    issuer = world.open(timeLimit());
  });

  afterEach(() => world.close());

  const chosen = (value: string) => ({ name: '', idempotencyKey: '', value: new Sensitive(value) });

  it('ends the one before it', async () => {
    const before = await issuer.mint(chosen('the-secret-before'));
    const after = await issuer.mint(chosen('the-secret-after'));
    expect([await issuer.accepts(before), await issuer.accepts(after)]).toEqual([false, true]);
  });

  it('is set again after a lost answer, since it is the same one', async () => {
    world.server.faults.push({ on: /^PATCH /, fault: { kind: 'answer is lost' } });
    const secret = await issuer.mint(chosen('the-secret-set-twice'));
    expect(world.server.requests.filter((line) => line.startsWith('PATCH '))).toHaveLength(2);
    expect(await issuer.accepts(secret)).toBe(true);
  });

  it('is proved by the status, whatever text comes with it', async () => {
    const secret = await issuer.mint(chosen('the-secret-to-be-proved'));
    world.server.faults.push({ on: /revoke$/, fault: { kind: 'answers HTML' } });
    expect(await issuer.accepts(secret)).toBe(true);
  });

  it('of another application proves nothing', async () => {
    const value = new Sensitive('the-secret-of-another-application');
    world.keys.issue({ target: 'another-application', value: value.reveal() });
    expect(await issuer.accepts({ id: '', value })).toBe(false);
  });
});
