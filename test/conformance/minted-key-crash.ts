import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outputOfEachTest } from '../support/captured-output.ts';
import { Life } from '../support/life.ts';
import {
  alive,
  clearPending,
  LONG_AFTER_MS,
  runSteps,
  secretWithHistory,
  stagedKeys,
  succeeded,
} from './minted-key-steps.ts';
import type { Effect, MintedKeySubject, MintedKeyWorld } from './minted-key-world.ts';

interface Death {
  readonly effect: number;
  readonly when: 'before' | 'after';
}

/** Nothing is left over, and nothing that is in use ends, wherever a rotation is cut off. */
export function convergesAfterEachDeath({ facts, replaces, start }: MintedKeySubject): void {
  const limit = facts.livingKeys ?? Number.POSITIVE_INFINITY;

  describe('a rotation, killed before and after each of its effects', () => {
    let world: MintedKeyWorld;

    beforeEach(async () => {
      world = await start();
    });

    afterEach(() => world.close());
    outputOfEachTest();

    /** What is wrong in the world just now, whoever had the last effect. */
    function wrong(arn: string, token: string): string[] {
      const { keyIn, keys } = world;
      const [current, candidate] = [keyIn(arn, 'AWSCURRENT'), keyIn(arn, token)];
      const currentEnded = !replaces && !keys.works(current);
      const candidateEnded = facts.value === 'issued' && candidate !== '' && !keys.works(candidate);
      return [
        ...(currentEnded ? ['AWSCURRENT does not work'] : []),
        ...(candidateEnded ? ['a stored candidate was ended'] : []),
        ...(keys.living().length > limit ? ['too many keys live'] : []),
      ];
    }

    /** A whole rotation in one container, which may die. Returns what was wrong at any moment, and what it failed with. */
    async function lived(life: Life, arn: string, token: string) {
      const broken: string[] = [];
      const effect: Effect = async (name, perform) => {
        try {
          return await life.effect(name, perform);
        } finally {
          broken.push(...wrong(arn, token));
        }
      };
      const failure = await runSteps(world.handler(effect), arn, token).catch((error: Error) => error);
      expect(broken, JSON.stringify(life.effects)).toEqual([]);
      return failure;
    }

    /** The points of a rotation that nothing cuts off. */
    async function deaths(arn: string): Promise<readonly Death[]> {
      const life = new Life();
      const token = world.protocol.beginRotation(arn);
      expect(await lived(life, arn, token)).toBeUndefined();
      succeeded(world, arn, token);
      expect(life.effects).toEqual(expect.arrayContaining(['mint', 'accepts', 'PutSecretValue']));
      return life.effects.flatMap((_, effect) => [
        { effect, when: 'before' },
        { effect, when: 'after' },
      ]);
    }

    async function converges(arn: string, token: string): Promise<void> {
      world.clock.pass(LONG_AFTER_MS);
      const failure = await lived(new Life(), arn, token);
      expect(failure).toBeUndefined();
      succeeded(world, arn, token);
      expect(world.protocol.stages(arn)['AWSCURRENT']).toBe(token);
      expect(world.keys.works(world.keyIn(arn, 'AWSCURRENT'))).toBe(true);
      expect(alive(world).filter((key) => !stagedKeys(world, arn).includes(key))).toEqual([]);
    }

    it('converges with the same token, and keeps a stored candidate', async () => {
      const arn = await secretWithHistory(world);
      for (const death of await deaths(arn)) {
        world.clock.pass(LONG_AFTER_MS);
        const token = world.protocol.beginRotation(arn);
        const life = new Life(death);
        await lived(life, arn, token);
        expect(life.over, JSON.stringify(death)).toBe(true);
        const stored = world.keyIn(arn, token);
        await converges(arn, token);
        if (stored !== '') expect(world.keyIn(arn, 'AWSCURRENT')).toBe(stored);
      }
    }, 300_000);

    it('converges with a new token after AWSPENDING was cleared by hand, or names the key that is in the way', async () => {
      const arn = await secretWithHistory(world);
      for (const death of await deaths(arn)) {
        world.clock.pass(LONG_AFTER_MS);
        const token = world.protocol.beginRotation(arn);
        await lived(new Life(death), arn, token);
        clearPending(world, arn, token);

        const next = world.protocol.beginRotation(arn);
        world.clock.pass(LONG_AFTER_MS);
        const failure = await lived(new Life(), arn, next);
        if (failure?.name === 'PreviousKeyStillInUse') {
          // Who died right after the promotion left no date of it: the function's own proofs look like a use since then.
          expect(world.protocol.stages(arn)['AWSCURRENT']).toBe(token);
          const { id = '' } = world.keys.living().find(({ id }) => failure.message.includes(id)) ?? {};
          expect(id).not.toBe('');
          world.keys.end(id);
        }
        await converges(arn, next);
      }
    }, 300_000);
  });
}
