import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeRequest } from '../../../local/issuers/fake-issuer.ts';
import { fakeSendGrid } from '../../../local/issuers/sendgrid.ts';
import { sendgrid } from '../../../shared/providers/sendgrid.ts';
import { STEPS } from '../../../shared/rotation/event.ts';
import { providerSuite } from '../../conformance/provider.ts';
import { type ProviderWorld, startWorld } from '../../conformance/provider-world.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { hearing } from '../../support/heard-requests.ts';
import { invokeStep } from '../../support/protocol.ts';
import { timeLimit } from '../../support/time-limit.ts';

const scopes = ['mail.send', 'templates.read'];
const subject = { declaration: sendgrid.declaration, fake: () => fakeSendGrid(), target: { scopes } };

providerSuite(subject);

describe('SendGrid', () => {
  let world: ProviderWorld;
  let heard: (readonly [route: string, request: FakeRequest])[];

  beforeEach(async () => {
    const { issuer, heard: requests } = hearing(fakeSendGrid());
    heard = requests;
    world = await startWorld({ ...subject, fake: () => issuer });
  });

  afterEach(() => world.close());
  outputOfEachTest();

  const rotated = async (arn: string): Promise<string> => {
    world.clock.pass(120_000);
    const token = world.protocol.beginRotation(arn);
    for (const step of STEPS) await invokeStep(world.handler(), step, arn, token);
    world.succeeded(arn, token);
    return String(JSON.parse(world.protocol.valueOf(arn, 'AWSCURRENT') ?? '{}').key);
  };
  const addKeysOfOthers = (count: number) => {
    for (let added = 0; added < count; added += 1) world.keys.issue({ name: 'made by hand' });
  };

  it('makes keys with the scopes of the target', async () => {
    await world.open(timeLimit()).mint({ name: 'rotation/test/1', idempotencyKey: 'token' });
    expect(heard.map(([, { body }]) => body)).toEqual([{ name: 'rotation/test/1', scopes }]);
  });

  it('makes no key without scopes, which could do everything', () => {
    const access = { administrator: world.administrator, target: {}, environment: {}, conceal: () => {} };
    expect(() => sendgrid.open(access, timeLimit())).toThrow('"targets.<name>.scopes"');
  });

  it('makes room for the new key where the account has 100', async () => {
    const arn = world.newSecret();
    const previous = await rotated(arn);
    const current = await rotated(arn);
    addKeysOfOthers(98);
    const replaced = await rotated(arn);
    expect([previous, current, replaced].map((key) => world.keys.works(key))).toEqual([false, true, true]);
    expect(world.keys.living()).toHaveLength(100);
  });

  it('asks for no key where 100 of others live', async () => {
    addKeysOfOthers(100);
    await expect(rotated(world.newSecret())).rejects.toMatchObject({ name: 'KeyLimitReached' });
    expect(heard.map(([route]) => route)).not.toContain('POST /v3/api_keys');
  });

  it('does not take a refusal of rights for a key that does not work', async () => {
    const issuer = world.open(timeLimit());
    const key = await issuer.mint({ name: 'rotation/test/1', idempotencyKey: 'token' });
    const body = { errors: [{ field: null, message: 'access forbidden' }] };
    world.server.faults.push({ on: /scopes$/, fault: { kind: 'answers', status: 403, body } });
    await expect(issuer.accepts(key)).rejects.toMatchObject({ name: 'IssuerRefused' });
  });
});
