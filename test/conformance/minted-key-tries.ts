import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STEPS } from '../../shared/rotation/event.ts';
import { outputOfEachTest } from '../support/captured-output.ts';
import {
  alive,
  clearPending,
  LONG_AFTER_MS,
  rotated,
  runSteps,
  secretWithHistory,
  stagedKeys,
} from './minted-key-steps.ts';
import type { Effect, MintedKeySubject, MintedKeyWorld } from './minted-key-world.ts';

/** Several tries of one rotation, one after the other or at once, leave one key. */
export function keepsOneKeyOfManyTries({ facts, start }: MintedKeySubject): void {
  const limit = facts.livingKeys ?? Number.POSITIVE_INFINITY;
  const chosen = facts.value === 'chosen';

  describe('of several tries of a rotation', () => {
    let world: MintedKeyWorld;

    beforeEach(async () => {
      world = await start();
    });

    afterEach(() => world.close());
    outputOfEachTest();

    /** A try that died between the making of its key and the storing of it. Returns that key. */
    async function orphanOf(arn: string, token: string): Promise<string> {
      const dying: Effect = async (name, perform) => {
        const done = await perform();
        if (name === 'mint') throw new Error('killed');
        return done;
      };
      await expect(runSteps(world.handler(dying), arn, token)).rejects.toThrow('killed');
      const [orphan = ''] = alive(world).filter((key) => !stagedKeys(world, arn).includes(key));
      expect(world.keys.works(orphan)).toBe(true);
      return orphan;
    }

    if (!chosen)
      describe('a key that was made and not stored', () => {
        it('is left while another run may be about to store it, and ended when none can be', async () => {
          const arn = await secretWithHistory(world);
          const token = world.protocol.beginRotation(arn);
          const orphan = await orphanOf(arn, token);
          clearPending(world, arn, token);

          const next = world.protocol.beginRotation(arn);
          const soon = runSteps(world.handler(), arn, next);
          if (limit > 2) await soon;
          else await expect(soon).rejects.toMatchObject({ name: 'KeyLimitReached' });
          expect(world.keys.works(orphan)).toBe(true);

          clearPending(world, arn, next);
          await rotated(world, arn);
          expect(world.keys.works(orphan)).toBe(false);
        });

        // Where a repeated mint gives the same key, the earlier try has left none.
        if (!facts.idempotent)
          it('is ended once another one of the same rotation is stored', async () => {
            const arn = await secretWithHistory(world);
            const token = world.protocol.beginRotation(arn);
            const orphan = await orphanOf(arn, token);

            const soon = runSteps(world.handler(), arn, token, ['createSecret']);
            if (limit > 2) await soon;
            else await expect(soon).rejects.toMatchObject({ name: 'KeyLimitReached' });
            expect(world.keys.works(orphan)).toBe(true);

            // Only names tell at once which rotation a key is of.
            if (limit <= 2 || facts.longestName === undefined) world.clock.pass(LONG_AFTER_MS);
            await runSteps(world.handler(), arn, token, ['createSecret', 'setSecret']);
            expect(world.keys.works(orphan)).toBe(false);
            await runSteps(world.handler(), arn, token);
            expect(new Set(alive(world))).toEqual(new Set(stagedKeys(world, arn)));
          });
      });

    describe('two at once', () => {
      it.each([
        ['first', () => world.newSecret()],
        ['later', () => secretWithHistory(world)],
      ])('leave one key of a %s rotation, which is the stored one', async (_, secret) => {
        const arn = await secret();
        const token = world.protocol.beginRotation(arn);
        const unknown = () =>
          alive(world).filter((key) => ![...stagedKeys(world, arn), world.keyIn(arn, token)].includes(key));
        for (const step of STEPS) {
          const copies = await Promise.allSettled([1, 2].map(() => runSteps(world.handler(), arn, token, [step])));
          expect(
            copies.some(({ status }) => status === 'fulfilled'),
            step,
          ).toBe(true);
          if (!chosen) expect(world.keys.works(world.keyIn(arn, token)), step).toBe(true);
          expect(unknown(), step).toEqual([]);
          expect(alive(world).length, step).toBeLessThanOrEqual(limit);
        }
        expect(world.protocol.stages(arn)['AWSCURRENT']).toBe(token);
        expect(alive(world)).toEqual([...new Set(alive(world))]);
        expect(world.keys.works(world.keyIn(arn, 'AWSCURRENT'))).toBe(true);
      });
    });
  });
}
