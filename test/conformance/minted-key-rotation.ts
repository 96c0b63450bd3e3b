import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outputOfEachTest } from '../support/captured-output.ts';
import { formsOf } from '../support/forms.ts';
import { alive, LONG_AFTER_MS, rotated, runSteps, secretWithHistory, stagedKeys } from './minted-key-steps.ts';
import type { MintedKeySubject, MintedKeyWorld } from './minted-key-world.ts';

/** What a rotation does when nothing cuts it off. */
export function replacesKeyAfterKey(subject: MintedKeySubject): void {
  const { facts, dedicated, replaces, start } = subject;
  const limit = facts.livingKeys ?? Number.POSITIVE_INFINITY;

  describe('a rotation', () => {
    let world: MintedKeyWorld;

    beforeEach(async () => {
      world = await start();
    });

    afterEach(() => world.close());

    const output = outputOfEachTest();
    const current = (arn: string) => world.keyIn(arn, 'AWSCURRENT');

    it('makes the first key, keeps the other fields, and then replaces key after key', async () => {
      const arn = world.newSecret();
      for (let time = 0; time < 4; time += 1) {
        await rotated(world, arn);
        expect(new Set(alive(world))).toEqual(new Set(replaces ? [current(arn)] : stagedKeys(world, arn)));
      }
      expect(world.protocol.valueOf(arn, 'AWSCURRENT')).toContain('"note":"kept"');
    });

    if (!replaces)
      it('ends the old key at once where the tag says so', async () => {
        const arn = await secretWithHistory(world, { 'rotation:retire': 'at-once' });
        expect(alive(world)).toEqual([current(arn)]);
      });

    if (!(dedicated || replaces))
      it('leaves keys alone that it did not make', async () => {
        const foreign = world.keys.issue();
        const rotations = secretWithHistory(world, { 'rotation:retire': 'at-once' });
        if (limit > 2) await rotations;
        else await expect(rotations).rejects.toMatchObject({ name: 'KeyLimitReached' });
        expect(alive(world)).toContain(foreign);
      });

    it('waits while a new key is not known everywhere', async () => {
      world.keys.propagation(3);
      const arn = await secretWithHistory(world);
      expect(world.keys.works(current(arn))).toBe(true);
      expect(world.clock.waits.length).toBeGreaterThanOrEqual(3);
    });

    it('does not promote a key that never works', async () => {
      const arn = await secretWithHistory(world);
      const before = current(arn);
      world.keys.propagation(1_000_000);
      const token = world.protocol.beginRotation(arn);
      await expect(runSteps(world.handler(), arn, token)).rejects.toMatchObject({ name: 'KeyRefused' });
      expect(current(arn)).toBe(before);
      if (!replaces) expect(world.keys.works(before)).toBe(true);
    });

    it('only tested, passes and ends nothing', async () => {
      const arn = await secretWithHistory(world);
      const before = alive(world);
      const token = world.protocol.beginRotation(arn);
      world.protocol.stage(arn, token, world.protocol.valueOf(arn, 'AWSCURRENT') ?? '');
      await runSteps(world.handler(), arn, token, ['testSecret']);
      expect(alive(world)).toEqual(before);
    });

    if (facts.value !== 'chosen')
      it('gives up a candidate that somebody ended, and starts anew with the next', async () => {
        const arn = await secretWithHistory(world);
        const token = world.protocol.beginRotation(arn);
        await runSteps(world.handler(), arn, token, ['createSecret']);
        const ended = world.keys.living().find(({ value }) => value === world.keyIn(arn, token));
        world.keys.end(ended?.id ?? '');
        await expect(runSteps(world.handler(), arn, token)).rejects.toMatchObject({ name: 'CandidateRefused' });
        expect(world.protocol.stages(arn)['AWSPENDING']).toBeUndefined();
        await rotated(world, arn);
        expect(world.keys.works(current(arn))).toBe(true);
      });

    it('shows neither keys nor credentials in logs and metrics', async () => {
      const arn = await secretWithHistory(world, { 'rotation:retire': 'at-once' });
      world.clock.pass(LONG_AFTER_MS);
      world.refuse();
      await runSteps(world.handler(), arn, world.protocol.beginRotation(arn)).catch(() => {});
      const versions = world.protocol.service.store.find(arn).versions.all();
      const keys = versions.map(({ id }) => world.keyIn(arn, id)).filter((key) => key !== '');
      expect(keys.length).toBeGreaterThan(1);
      const seen = output.text();
      expect([...keys, ...world.credentials].flatMap(formsOf).filter((form) => seen.includes(form))).toEqual([]);
    });
  });
}
