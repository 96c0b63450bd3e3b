import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeRequest } from '../../../local/issuers/fake-issuer.ts';
import { fakeGrafana } from '../../../local/issuers/grafana.ts';
import { grafana } from '../../../shared/providers/grafana.ts';
import type { Issuer, KeyRequest } from '../../../shared/providers/provider.ts';
import { STEPS } from '../../../shared/rotation/event.ts';
import { providerSuite } from '../../conformance/provider.ts';
import { type ProviderWorld, startWorld } from '../../conformance/provider-world.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { hearing } from '../../support/heard-requests.ts';
import { invokeStep } from '../../support/protocol.ts';
import { timeLimit } from '../../support/time-limit.ts';

const subject = {
  declaration: grafana.declaration,
  fake: fakeGrafana,
  target: { serviceAccountId: 7 },
  account: '7',
};

providerSuite(subject);

describe('Grafana', () => {
  let world: ProviderWorld;
  let issuer: Issuer;
  let heard: (readonly [route: string, request: FakeRequest])[];

  const start = async (target: Readonly<Record<string, unknown>>) => {
    const { issuer: fake, heard: requests } = hearing(fakeGrafana());
    heard = requests;
    world = await startWorld({ ...subject, fake: () => fake, target });
    issuer = world.open(timeLimit());
  };
  const bodies = () => heard.map(([, { body }]) => body);
  const request: KeyRequest = { name: 'rotation/test/1', idempotencyKey: 'token' };
  const rotated = async (arn: string) => {
    const token = world.protocol.beginRotation(arn);
    for (const step of STEPS) await invokeStep(world.handler(), step, arn, token);
    world.succeeded(arn, token);
  };

  afterEach(() => world.close());
  outputOfEachTest();

  describe('with tokens that never expire', () => {
    beforeEach(() => start(subject.target));

    it('asks for a token with a name, and no end', async () => {
      await issuer.mint(request);
      expect(bodies()).toEqual([{ name: request.name }]);
    });

    it('takes ids that are numbers', async () => {
      const first = await issuer.mint(request);
      const second = await issuer.mint({ ...request, name: 'rotation/test/2' });
      expect([first.id, second.id]).toEqual(['1', '2']);
      await issuer.retire?.(first.id);
      expect((await issuer.list?.())?.map(({ id }) => id)).toEqual(['2']);
    });

    it('says that a name is taken, and makes nothing', async () => {
      await issuer.mint(request);
      await expect(issuer.mint(request)).rejects.toThrow('refused (409)');
      expect(world.keys.living('7')).toHaveLength(1);
    });

    it('tells when tokens were made and last used, where they were', async () => {
      const key = await issuer.mint(request);
      expect(await issuer.list?.()).toEqual([{ id: '1', name: request.name, createdAt: expect.any(Date) }]);
      await issuer.accepts(key);
      expect(await issuer.list?.()).toEqual([expect.objectContaining({ lastUsedAt: expect.any(Date) })]);
    });

    it('leaves the tokens of other service accounts alone', async () => {
      const { value } = world.keys.issue({ name: 'elsewhere', target: '8' });
      await rotated(world.newSecret({ 'rotation:retire': 'at-once' }));
      expect(world.keys.works(value)).toBe(true);
      expect((await issuer.list?.())?.map(({ name }) => name)).not.toContain('elsewhere');
    });

    it('says that the address is missing, which everybody has for himself', () => {
      const { baseUrl: _, ...administrator } = world.administrator;
      const access = { administrator, target: subject.target, environment: {}, conceal: () => {} };
      expect(() => grafana.open(access, timeLimit())).toThrow('"baseUrl"');
    });
  });

  describe('with tokens that expire', () => {
    const days = 24 * 60 * 60;

    beforeEach(() => start({ ...subject.target, secondsToLive: 90 * days }));

    it('asks for a token that lives as long as the target says', async () => {
      await issuer.mint(request);
      expect(bodies()).toEqual([{ name: request.name, secondsToLive: 90 * days }]);
    });

    it('accepts no token that has expired', async () => {
      const key = await issuer.mint(request);
      world.clock.pass(89 * days * 1000);
      expect(await issuer.accepts(key)).toBe(true);
      world.clock.pass(2 * days * 1000);
      expect(await issuer.accepts(key)).toBe(false);
    });

    it('ends expired tokens of the secret with its other orphans', async () => {
      const arn = world.newSecret();
      for (let rotation = 0; rotation < 4; rotation += 1) {
        await rotated(arn);
        world.clock.pass(100 * days * 1000);
      }
      expect(world.keys.living('7')).toHaveLength(2);
    });
  });
});
