import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeDatadog } from '../../../local/issuers/datadog.ts';
import type { Fault } from '../../../local/issuers/fake-issuer.ts';
import { datadog } from '../../../shared/providers/datadog.ts';
import type { Issuer, TimeLimit } from '../../../shared/providers/provider.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { type ProviderWorld, startWorld } from '../../conformance/provider-world.ts';
import { timeLimit } from '../../support/time-limit.ts';

let world: ProviderWorld;
let issuer: Issuer;

beforeEach(async () => {
  world = await startWorld({ declaration: datadog.declaration, fake: fakeDatadog });
  issuer = world.open(timeLimit());
});

afterEach(() => world.close());

const arm = (times: number, fault: Fault) => {
  for (let time = 0; time < times; time += 1) world.server.faults.push({ on: /./, fault });
};
const throttled = (retryAfter: string): Fault => ({ kind: 'answers', status: 429, retryAfter });

describe('an issuer that is asked again', () => {
  it('is asked three times more, with longer and longer pauses, and then no more', async () => {
    arm(9, { kind: 'answers', status: 503 });
    await expect(issuer.list?.()).rejects.toMatchObject({
      name: 'Unreachable',
      message: expect.stringContaining('503'),
    });
    expect(world.server.requests).toHaveLength(4);
    expect(world.clock.waits).toEqual([250, 500, 1000]);
  });

  it('is given the time that it asks for as a date', async () => {
    arm(1, throttled(new Date(world.clock.now().getTime() + 5_000).toUTCString()));
    await issuer.list?.();
    const [waited = 0] = world.clock.waits;
    // The date has whole seconds.
    expect(waited).toBeGreaterThan(3_000);
    expect(waited).toBeLessThanOrEqual(5_000);
  });

  it.each(['0', 'Thu, 01 Jan 1970 00:00:00 GMT'])('waits for nothing that is over, %j', async (retryAfter) => {
    arm(1, throttled(retryAfter));
    await issuer.list?.();
    expect(world.clock.waits).toEqual([0]);
  });

  it.each(['soon', '-5', '1e3', ''])('pauses as ever where it asks for %j', async (retryAfter) => {
    arm(1, throttled(retryAfter));
    await issuer.list?.();
    expect(world.clock.waits).toEqual([250]);
  });

  it.each(['3600', '99999999'])('is not waited for past the deadline: %s s', async (retryAfter) => {
    arm(1, throttled(retryAfter));
    await expect(issuer.list?.()).rejects.toMatchObject({
      name: 'Unreachable',
      message: expect.stringContaining(`asks to wait ${retryAfter} s, which is longer than the function has`),
    });
    expect(world.clock.waits).toEqual([]);
    expect(world.server.requests).toHaveLength(1);
  });

  it('is asked no more when there is no time for another answer', async () => {
    const late: TimeLimit = { remaining: () => 1_100, signal: AbortSignal.timeout(20_000) };
    arm(9, { kind: 'answers', status: 503 });
    await expect(world.open(late).list?.()).rejects.toMatchObject({ name: 'Unreachable' });
    expect(world.server.requests).toHaveLength(1);
  });
});

describe('an issuer that cannot be asked', () => {
  const key = { id: '', value: new Sensitive('some-key-that-is-long-enough') };

  it('because it redirects is not followed, not even on the same host', async () => {
    arm(1, { kind: 'redirects', to: '/datadog/api/v1/validate' });
    await expect(issuer.accepts(key)).rejects.toMatchObject({
      name: 'IssuerRefused',
      message: expect.stringContaining('redirect (302)'),
    });
    expect(world.server.requests).toHaveLength(1);
  });

  it('because it is at a private address is not asked, unless the deployer allows it', async () => {
    delete process.env['ALLOWED_PRIVATE_HOSTS'];
    await expect(issuer.accepts(key)).rejects.toMatchObject({ name: 'InvalidSetting' });
    expect(world.server.requests).toEqual([]);
  });

  it('because nobody listens is Unreachable, although a mint may then be repeated', async () => {
    await world.server.close();
    await expect(issuer.mint({ name: 'n', idempotencyKey: 't' })).rejects.toMatchObject({
      name: 'Unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(world.clock.waits).toHaveLength(3);
  });
});
