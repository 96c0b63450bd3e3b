import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Issuer } from '../../shared/providers/provider.ts';
import { STEPS, type Step } from '../../shared/rotation/event.ts';
import type { RotationHandler } from '../../shared/rotation/handler.ts';
import { type CapturedOutput, captureOutput } from '../support/captured-output.ts';
import { formsOf } from '../support/forms.ts';
import { Life } from '../support/life.ts';
import { invokeStep } from '../support/protocol.ts';
import { type ProviderSubject, type ProviderWorld, startWorld } from './provider-world.ts';

/** Longer than any run of the function: an orphan of before cannot be about to be stored any more. */
const LONG_AFTER_MS = 120_000;

/** Rotations with this provider: nothing is left over, nothing that is in use ends, whatever is cut off or comes twice. */
export function rotatesWithoutOrphans(subject: ProviderSubject): void {
  const { facts } = subject.declaration;
  const chosen = facts.value === 'chosen';
  /** One value lives at a time: the new one ends the old one when it is applied. */
  const replaces = subject.declaration.retire === undefined;
  let world: ProviderWorld;
  let output: CapturedOutput;

  beforeEach(async () => {
    world = await startWorld(subject);
    output = captureOutput();
  });

  afterEach(async () => {
    output.restore();
    await world.close();
  });

  const rotate = async (handler: RotationHandler, arn: string, token: string, steps: readonly Step[] = STEPS) => {
    for (const step of steps) await invokeStep(handler, step, arn, token);
  };
  const clearPending = (arn: string, token: string) =>
    world.protocol.service.store.find(arn).versions.clearPending(token, new Date());
  const keyIn = (arn: string, version: string): string => {
    const text = world.protocol.valueOf(arn, version);
    return text === undefined ? '' : String(JSON.parse(text).key);
  };
  const alive = () => world.keys.living(world.account).map(({ value }) => value);
  const staged = (arn: string) => ['AWSCURRENT', 'AWSPREVIOUS'].map((label) => keyIn(arn, label)).filter(Boolean);
  const limit = facts.livingKeys ?? Number.POSITIVE_INFINITY;

  /** A whole rotation in containers of their own, long enough after whatever was before. */
  async function rotated(arn: string): Promise<string> {
    world.clock.pass(LONG_AFTER_MS);
    const token = world.protocol.beginRotation(arn);
    await rotate(world.handler(), arn, token);
    world.succeeded(arn, token);
    return token;
  }

  /** A secret that was rotated twice, so that every label has a key. */
  async function secretWithHistory(tags: Readonly<Record<string, string>> = {}): Promise<string> {
    const arn = world.newSecret(tags);
    await rotated(arn);
    await rotated(arn);
    world.clock.pass(LONG_AFTER_MS);
    return arn;
  }

  describe('a rotation', () => {
    it('makes the first key, keeps the other fields, and then replaces key after key', async () => {
      const arn = world.newSecret();
      await rotated(arn);
      expect(alive()).toEqual([keyIn(arn, 'AWSCURRENT')]);
      expect(world.protocol.valueOf(arn, 'AWSCURRENT')).toContain('"note":"kept"');
      for (let time = 0; time < 3; time += 1) {
        await rotated(arn);
        expect(new Set(alive())).toEqual(new Set(replaces ? [keyIn(arn, 'AWSCURRENT')] : staged(arn)));
      }
      expect(world.keys.mostAtOnce).toBeLessThanOrEqual(limit);
    });

    it.skipIf(replaces)('ends the old key at once where the tag says so', async () => {
      const arn = await secretWithHistory({ 'rotation:retire': 'at-once' });
      expect(alive()).toEqual([keyIn(arn, 'AWSCURRENT')]);
    });

    it('leaves keys alone that it did not make', async () => {
      if (subject.dedicated || replaces) return;
      const foreign = world.keys.issue({ name: 'made by hand', target: world.account });
      const rotations = secretWithHistory({ 'rotation:retire': 'at-once' });
      if (limit > 2) await rotations;
      else await expect(rotations).rejects.toMatchObject({ name: 'KeyLimitReached' });
      expect(alive()).toContain(foreign.value);
    });

    it('waits while a new key is not known everywhere', async () => {
      world.keys.propagation = 3;
      const arn = await secretWithHistory();
      expect(world.keys.works(keyIn(arn, 'AWSCURRENT'))).toBe(true);
      expect(world.clock.waits.length).toBeGreaterThanOrEqual(3);
    });

    it('does not promote a key that never works', async () => {
      const arn = await secretWithHistory();
      const current = keyIn(arn, 'AWSCURRENT');
      world.keys.propagation = 1_000_000;
      const token = world.protocol.beginRotation(arn);
      await expect(rotate(world.handler(), arn, token)).rejects.toMatchObject({ name: 'KeyRefused' });
      expect(keyIn(arn, 'AWSCURRENT')).toBe(current);
      if (!replaces) expect(world.keys.works(current)).toBe(true);
    });

    it('only tested, passes and ends nothing', async () => {
      const arn = await secretWithHistory();
      const before = alive();
      const token = world.protocol.beginRotation(arn);
      world.protocol.stage(arn, token, world.protocol.valueOf(arn, 'AWSCURRENT') ?? '');
      await rotate(world.handler(), arn, token, ['testSecret']);
      expect(alive()).toEqual(before);
    });

    it.skipIf(chosen || subject.declaration.list === undefined)(
      'gives up a candidate that somebody ended, and starts anew with the next',
      async () => {
        const arn = await secretWithHistory();
        const token = world.protocol.beginRotation(arn);
        await rotate(world.handler(), arn, token, ['createSecret']);
        const ended = world.keys.living(world.account).find(({ value }) => value === keyIn(arn, token));
        world.keys.end(ended?.id ?? '', world.account);
        await expect(rotate(world.handler(), arn, token)).rejects.toMatchObject({ name: 'CandidateRefused' });
        expect(world.protocol.stages(arn)['AWSPENDING']).toBeUndefined();
        await rotated(arn);
        expect(world.keys.works(keyIn(arn, 'AWSCURRENT'))).toBe(true);
      },
    );

    it('shows neither keys nor credentials in logs and metrics', async () => {
      const arn = await secretWithHistory({ 'rotation:retire': 'at-once' });
      world.server.faults.push({ on: /./, fault: { kind: 'echoes', status: 403 } });
      await rotated(arn).catch(() => {});
      const { baseUrl: _, ...credentials } = world.administrator;
      const secrets = [...world.protocol.secretTexts(arn), ...Object.values(credentials)]
        .filter((text) => typeof text === 'string')
        .filter((text) => text.length > 15 && !text.startsWith('https://') && !['kept'].includes(text))
        .filter((text) => !text.startsWith('test/') && !world.keys.living(world.account).some(({ id }) => id === text));
      expect(secrets.length).toBeGreaterThan(0);
      expect(secrets.flatMap(formsOf).filter((form) => output.text().includes(form) && !isId(form))).toEqual([]);
    });
  });

  function isId(text: string): boolean {
    return /^[0-9a-f-]{36}$/.test(text) && !alive().includes(text);
  }

  describe('killed before and after each of its effects', () => {
    const broken: string[] = [];

    /** Looks at the world after each effect, whoever had it. */
    function watch(arn: string, token: string): void {
      const [current, candidate] = [keyIn(arn, 'AWSCURRENT'), keyIn(arn, token)];
      if (!replaces && current !== '' && !world.keys.works(current)) broken.push('AWSCURRENT does not work');
      if (!chosen && candidate !== '' && !world.keys.works(candidate)) broken.push('a stored candidate was ended');
      if (alive().length > limit) broken.push('too many keys live');
    }

    function lived(life: Life, arn: string, token: string): RotationHandler {
      const effect = async <T>(name: string, perform: () => Promise<T>): Promise<T> => {
        try {
          return await life.effect(name, perform);
        } finally {
          watch(arn, token);
        }
      };
      const dying = (issuer: Issuer): Issuer => ({
        facts: issuer.facts,
        mint: (request) => effect('mint', () => issuer.mint(request)),
        accepts: (key) => effect('accepts', () => issuer.accepts(key)),
        ...(issuer.list && { list: () => effect('list', async () => (await issuer.list?.()) ?? []) }),
        ...(issuer.retire && { retire: (id) => effect('retire', async () => await issuer.retire?.(id)) }),
      });
      return world.handler(dying, ({ operation }, perform) => effect(operation, perform));
    }

    async function run(life: Life, arn: string, token: string): Promise<void> {
      await rotate(lived(life, arn, token), arn, token).catch((error: unknown) => {
        if (!life.over) throw error;
      });
    }

    async function deaths() {
      const arn = await secretWithHistory();
      const life = new Life();
      const token = world.protocol.beginRotation(arn);
      await run(life, arn, token);
      world.succeeded(arn, token);
      expect(life.effects).toEqual(expect.arrayContaining(['mint', 'accepts', 'PutSecretValue']));
      return {
        arn,
        points: life.effects.flatMap(
          (_, effect) =>
            [
              { effect, when: 'before' },
              { effect, when: 'after' },
            ] as const,
        ),
      };
    }

    it.each(['the same token', 'a new token, after AWSPENDING was cleared by hand'])(
      'converges with %s',
      async (which) => {
        const { arn, points } = await deaths();
        for (const death of points) {
          world.clock.pass(LONG_AFTER_MS);
          const token = world.protocol.beginRotation(arn);
          const life = new Life(death);
          await run(life, arn, token);
          expect(life.over, JSON.stringify(death)).toBe(true);
          const stored = keyIn(arn, token);

          world.clock.pass(LONG_AFTER_MS);
          if (which !== 'the same token') clearPending(arn, token);
          const repeated = which === 'the same token' ? token : world.protocol.beginRotation(arn);
          await run(new Life(), arn, repeated);
          world.succeeded(arn, repeated);

          expect(world.protocol.stages(arn)['AWSCURRENT'], JSON.stringify(death)).toBe(repeated);
          if (repeated === token && stored) expect(keyIn(arn, 'AWSCURRENT')).toBe(stored);
          expect(world.keys.works(keyIn(arn, 'AWSCURRENT'))).toBe(true);
          const unknown = alive().filter((key) => !staged(arn).includes(key));
          expect(unknown, JSON.stringify(death)).toEqual([]);
          expect(broken, JSON.stringify(death)).toEqual([]);
        }
      },
      300_000,
    );

    /** A try that died between the making of its key and the storing of it. Returns that key. */
    async function orphanOf(arn: string, token: string): Promise<string> {
      const dying = (issuer: Issuer): Issuer => ({
        ...issuer,
        async mint(request) {
          await issuer.mint(request);
          throw new Error('killed');
        },
      });
      await expect(rotate(world.handler(dying), arn, token)).rejects.toThrow('killed');
      const [orphan = ''] = alive().filter((key) => !staged(arn).includes(key));
      expect(world.keys.works(orphan)).toBe(true);
      return orphan;
    }

    it.skipIf(chosen)('leaves a key that another run may be about to store, until none can be', async () => {
      const arn = await secretWithHistory();
      const token = world.protocol.beginRotation(arn);
      const orphan = await orphanOf(arn, token);
      clearPending(arn, token);

      const next = world.protocol.beginRotation(arn);
      const soon = rotate(world.handler(), arn, next);
      if (limit > 2) await soon;
      else await expect(soon).rejects.toMatchObject({ name: 'KeyLimitReached' });
      expect(world.keys.works(orphan)).toBe(true);

      clearPending(arn, next);
      await rotated(arn);
      expect(world.keys.works(orphan)).toBe(false);
    });

    // Where a repeated mint gives the same key, the earlier try has left none.
    it.skipIf(chosen || facts.idempotent)(
      'ends the key of an earlier try once another one of this rotation is stored',
      async () => {
        const arn = await secretWithHistory();
        const token = world.protocol.beginRotation(arn);
        const orphan = await orphanOf(arn, token);

        const soon = rotate(world.handler(), arn, token, ['createSecret']);
        if (limit > 2) await soon;
        else await expect(soon).rejects.toMatchObject({ name: 'KeyLimitReached' });
        expect(world.keys.works(orphan)).toBe(true);

        // Only names tell at once which rotation a key is of.
        if (limit <= 2 || facts.longestName === undefined) world.clock.pass(LONG_AFTER_MS);
        await rotate(world.handler(), arn, token);
        expect(world.keys.works(orphan)).toBe(false);
        expect(new Set(alive())).toEqual(new Set(staged(arn)));
      },
    );
  });

  describe('two copies of a step at once', () => {
    it('leave one key, which is the stored one', async () => {
      const arn = await secretWithHistory();
      const token = world.protocol.beginRotation(arn);
      for (const step of STEPS) {
        const copies = await Promise.allSettled([1, 2].map(() => rotate(world.handler(), arn, token, [step])));
        expect(
          copies.some(({ status }) => status === 'fulfilled'),
          step,
        ).toBe(true);
        if (step !== 'createSecret' || chosen) continue;
        expect(world.keys.works(keyIn(arn, token))).toBe(true);
        expect(alive().filter((key) => ![...staged(arn), keyIn(arn, token)].includes(key))).toEqual([]);
      }
      expect(world.protocol.stages(arn)['AWSCURRENT']).toBe(token);
      expect(alive().filter((key) => !staged(arn).includes(key))).toEqual([]);
      expect(world.keys.works(keyIn(arn, 'AWSCURRENT'))).toBe(true);
      expect(world.keys.mostAtOnce).toBeLessThanOrEqual(limit);
    });
  });
}
