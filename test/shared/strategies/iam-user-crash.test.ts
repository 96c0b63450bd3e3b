import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type FakeIam, startIam } from '../../../local/issuers/iam.ts';
import { iamAccessKey } from '../../../shared/providers/iam-access-key.ts';
import { STEPS } from '../../../shared/rotation/event.ts';
import type { UserKeys } from '../../../shared/strategies/iam-user.ts';
import { type IamRotation, startIamRotation } from '../../support/iam-rotation.ts';
import type { Around } from '../../support/intercepted-calls.ts';
import { Life } from '../../support/life.ts';
import { invokeStep } from '../../support/protocol.ts';

let iam: FakeIam;
let rotation: IamRotation;

beforeAll(async () => {
  iam = await startIam();
});

afterEach(() => rotation.close());
afterAll(() => iam.close());

/** The issuer as somebody asks it who may die; `after` looks at the world after each effect. */
function mortal(life: Life, after: () => void): { keys: UserKeys; around: Around } {
  const effect = async <T>(name: string, perform: () => Promise<T>): Promise<T> => {
    try {
      return await life.effect(name, perform);
    } finally {
      after();
    }
  };
  const keys: UserKeys = {
    ownIdentity: (...asked) => effect('role', () => iamAccessKey.ownIdentity(...asked)),
    identityOf: (...asked) => effect('identity', () => iamAccessKey.identityOf(...asked)),
    open(...asked) {
      const issuer = iamAccessKey.open(...asked);
      return {
        facts: issuer.facts,
        mint: (request) => effect('mint', () => issuer.mint(request)),
        accepts: (key) => effect('accepts', () => issuer.accepts(key)),
        list: () => effect('list', async () => (await issuer.list?.()) ?? []),
        lastUsedAt: (id) => effect('lastUsedAt', () => issuer.lastUsedAt(id)),
        retire: (id) => effect('retire', async () => await issuer.retire?.(id)),
      };
    },
  };
  return { keys, around: ({ operation }, perform) => effect(operation, perform) };
}

/** A user's secret at the quota: with the keys of AWSCURRENT and AWSPREVIOUS. */
async function secretWithHistory(): Promise<string> {
  vi.stubEnv('DEDICATED_USERS', rotation.userArn);
  rotation.invoked = rotation.handler();
  const arn = await rotation.newSecret();
  expect(await rotation.rotate(arn)).toBe('succeeded');
  rotation.later();
  return arn;
}

describe('a rotation at the quota, killed before and after each of its effects', () => {
  const broken: string[] = [];

  /** What must hold at every moment, whoever looks. */
  function watch(arn: string): void {
    for (const label of ['AWSCURRENT', 'AWSPENDING']) {
      const id = rotation.idIn(arn, label);
      if (id !== '' && iam.users.key(id)?.active !== true) broken.push(`the key of ${label} does not work`);
    }
  }

  async function rotateMortally(life: Life, arn: string, token: string): Promise<string> {
    const { keys, around } = mortal(life, () => watch(arn));
    const dying = rotation.handler(keys, around);
    const next = rotation.handler();
    rotation.invoked = (...invocation) => {
      if (!life.over) return dying(...invocation);
      rotation.later();
      return next(...invocation);
    };
    return await rotation.rotate(arn, token);
  }

  async function deaths() {
    rotation = await startIamRotation(iam);
    const life = new Life();
    const arn = await secretWithHistory();
    expect(await rotateMortally(life, arn, randomUUID())).toBe('succeeded');
    await rotation.close();
    expect(life.effects).toEqual(expect.arrayContaining(['identity', 'lastUsedAt', 'retire', 'mint', 'accepts']));
    return life.effects.flatMap((_, effect) =>
      (['before', 'after'] as const).map((when) => ({ effect, when, name: life.effects[effect] })),
    );
  }

  function nothingIsLeftOver(arn: string, told: string): void {
    const known = [rotation.idIn(arn, 'AWSCURRENT'), rotation.idIn(arn, 'AWSPREVIOUS')];
    expect(known, told).toEqual(expect.arrayContaining([...rotation.ids()]));
    expect(rotation.ids(), told).toContain(known[0]);
    expect(broken, told).toEqual([]);
  }

  it('converges with the same token', async () => {
    for (const death of await deaths()) {
      rotation = await startIamRotation(iam, 1);
      const arn = await secretWithHistory();
      const [life, token, told] = [new Life(death), randomUUID(), JSON.stringify(death)];
      expect(await rotateMortally(life, arn, token), told).toBe('succeeded');
      expect(life.over, told).toBe(true);
      expect(rotation.service.store.find(arn).versions.holderOf('AWSCURRENT')?.id, told).toBe(token);
      nothingIsLeftOver(arn, told);
      await rotation.close();
    }
  }, 60_000);

  it('converges with a new token, or names the key that is in the way', async () => {
    for (const death of await deaths()) {
      rotation = await startIamRotation(iam);
      const arn = await secretWithHistory();
      const [token, newToken, told] = [randomUUID(), randomUUID(), JSON.stringify(death)];
      await rotateMortally(new Life(death), arn, token);
      const { versions } = rotation.service.store.find(arn);
      const promoted = versions.holderOf('AWSCURRENT')?.id === token;
      versions.clearPending(token, new Date());

      const outcome = await rotation.rotate(arn, newToken);
      if (outcome === 'PreviousKeyStillInUse') {
        // No date of the promotion was kept, so the function's own proofs look like a use since then.
        expect(promoted, told).toBe(true);
        const previous = rotation.idIn(arn, 'AWSPREVIOUS');
        expect(rotation.said(), told).toContain(previous);
        iam.users.end(previous);
        expect(await rotation.rotate(arn, newToken), told).toBe('succeeded');
      } else {
        expect(outcome, told).toBe('succeeded');
      }
      nothingIsLeftOver(arn, told);
      await rotation.close();
    }
  }, 60_000);
});

describe('two copies of a step at once', () => {
  it.each([
    ['with one key', false],
    ['at the quota', true],
  ])('leave one new key, which is the stored one, %s', async (_, atQuota) => {
    rotation = await startIamRotation(iam);
    vi.stubEnv('DEDICATED_USERS', rotation.userArn);
    const arn = atQuota ? await secretWithHistory() : await rotation.newSecret();
    const token = randomUUID();
    rotation.service.store.find(arn).versions.stagePending(token, undefined, new Date());
    for (const step of STEPS) {
      const copies = [1, 2].map(() => invokeStep(rotation.handler(), step, arn, token));
      const outcomes = await Promise.allSettled(copies);
      expect(
        outcomes.some(({ status }) => status === 'fulfilled'),
        step,
      ).toBe(true);
      expect(rotation.ids(), step).toContain(rotation.idIn(arn, token));
    }
    expect(rotation.ids().filter((id) => id !== rotation.idIn(arn, 'AWSPREVIOUS'))).toEqual([
      rotation.idIn(arn, 'AWSCURRENT'),
    ]);
    expect(rotation.idIn(arn, 'AWSCURRENT')).toBe(rotation.idIn(arn, token));
  });
});
