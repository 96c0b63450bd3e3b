import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeDatadog } from '../../../local/issuers/datadog.ts';
import { datadog } from '../../../shared/providers/datadog.ts';
import { keyNames } from '../../../shared/strategies/key-name.ts';
import {
  LONG_AFTER_MS,
  putByHand,
  rotated,
  runSteps,
  secretIn,
  secretWithHistory,
} from '../../conformance/minted-key-steps.ts';
import { type ProviderWorld, startWorld } from '../../conformance/provider-world.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { failureOf } from '../../support/failure.ts';
import { invokeStep } from '../../support/protocol.ts';

const { declaration } = datadog;

let world: ProviderWorld;

async function start(livingKeys: number): Promise<void> {
  const facts = { ...declaration.facts, livingKeys };
  world = await startWorld({ declaration: { ...declaration, facts }, fake: () => fakeDatadog(livingKeys) });
}

afterEach(() => world.close());
outputOfEachTest();

const ids = () => world.keys.living().map(({ id }) => id);

describe('at the limit of living keys', () => {
  beforeEach(() => start(2));

  it('the key of AWSPREVIOUS makes room, and AWSCURRENT lives on', async () => {
    const arn = await secretWithHistory(world);
    const [current, previous] = ['AWSCURRENT', 'AWSPREVIOUS'].map((label) => secretIn(world, arn, label).keyId);
    expect(ids()).toEqual([previous, current]);
    const token = world.protocol.beginRotation(arn);
    await runSteps(world.handler(), arn, token, ['createSecret']);
    expect(ids()).toEqual([current, secretIn(world, arn, token).keyId]);
  });

  it('nothing is made or ended while the key of AWSPREVIOUS is used after the promotion', async () => {
    const arn = await secretWithHistory(world);
    const before = ids();
    world.keys.use(secretIn(world, arn, 'AWSPREVIOUS').key);
    const failure = await failureOf(runSteps(world.handler(), arn, world.protocol.beginRotation(arn)));
    expect(failure).toMatchObject({ name: 'PreviousKeyStillInUse' });
    expect(failure.message).toContain(secretIn(world, arn, 'AWSPREVIOUS').keyId);
    expect(ids()).toEqual(before);
  });

  it('nor while nobody can tell when it was promoted', async () => {
    const arn = await secretWithHistory(world);
    const secret = world.protocol.service.store.find(arn);
    secret.rotation = undefined;
    await expect(runSteps(world.handler(), arn, world.protocol.beginRotation(arn))).rejects.toMatchObject({
      name: 'PreviousKeyStillInUse',
    });
    expect(ids()).toHaveLength(2);
  });

  it('keys of somebody else stay, and are named', async () => {
    const arn = world.newSecret();
    await rotated(world, arn);
    const foreign = world.keys.issue({ name: 'made by hand' });
    const failure = await failureOf(rotated(world, arn));
    expect(failure).toMatchObject({ name: 'KeyLimitReached', message: expect.stringContaining(foreign.id) });
    expect(failure.message).toContain('2 keys live at the issuer, and 2 may');
    expect(ids()).toContain(foreign.id);
  });

  it('AWSPREVIOUS makes no room if a hand edit made it carry the key of AWSCURRENT', async () => {
    const arn = world.newSecret();
    await rotated(world, arn);
    world.keys.issue({ name: 'made by hand' });
    putByHand(world, arn, { note: 'edited' });
    const { keyId } = secretIn(world, arn, 'AWSPREVIOUS');
    expect(keyId).toBe(secretIn(world, arn, 'AWSCURRENT').keyId);
    await expect(rotated(world, arn)).rejects.toMatchObject({ name: 'KeyLimitReached' });
    expect(ids()).toContain(keyId);
  });
});

describe('keys that were made for', () => {
  beforeEach(() => start(50));

  it('an earlier rotation of this secret end; those of another secret, and of a later rotation, do not', async () => {
    const arn = await secretWithHistory(world);
    const other = world.newSecret();
    await rotated(world, other);
    const named = (secret: string) => keyNames(secret, randomUUID(), 200).name(world.clock.now(), false);
    const orphan = world.keys.issue({ name: named(arn) });
    const theirs = world.keys.issue({ name: named(other) });
    await rotated(world, arn);
    expect(ids()).not.toContain(orphan.id);
    expect(ids()).toEqual(expect.arrayContaining([theirs.id, secretIn(world, other, 'AWSCURRENT').keyId]));
  });

  it("the next rotation's candidate survive a late finish of this one", async () => {
    const arn = await secretWithHistory(world);
    const token = await rotated(world, arn);
    const next = world.protocol.beginRotation(arn);
    await runSteps(world.handler(), arn, next, ['createSecret', 'setSecret']);
    world.clock.pass(LONG_AFTER_MS);
    await runSteps(world.handler(), arn, token, ['finishSecret']);
    expect(world.keys.works(secretIn(world, arn, next).key)).toBe(true);
  });
});

describe('how old a key is', () => {
  beforeEach(() => start(50));
  const LONGEST_MS = 30_000;

  /** A key of another rotation, which asked for it that long ago. */
  const issued = (arn: string, token: string, ageMs: number) => {
    const name = keyNames(arn, token, 200).name(new Date(world.clock.now().getTime() - ageMs), false);
    const key = world.keys.issue({ name });
    world.keys.change(key.id, { createdAt: new Date(world.clock.now().getTime() - ageMs) });
    return key;
  };

  it('counts from the beginning of the run, since a candidate may be stored in the course of it', async () => {
    const arn = await secretWithHistory(world);
    const token = world.protocol.beginRotation(arn);
    await runSteps(world.handler(), arn, token, ['createSecret']);

    const next = randomUUID();
    let stored = '';
    const slow = world.handler(async (effect, perform) => {
      if (effect === 'list' && stored === '') {
        const { id, value } = issued(arn, next, 20_000);
        stored = value;
        world.protocol.stage(arn, next, JSON.stringify({ ...secretIn(world, arn, token), keyId: id, key: value }));
        world.clock.pass(25_000);
      }
      return await perform();
    });
    const ends = world.clock.now().getTime() + LONGEST_MS;
    await slow(
      { Step: 'setSecret', SecretId: arn, ClientRequestToken: token },
      { functionName: 'slow', getRemainingTimeInMillis: () => ends - world.clock.now().getTime() },
    );
    expect(world.keys.works(stored)).toBe(true);
  });

  it('is by the later of name and date, since some issuers tell the day only', async () => {
    const arn = await secretWithHistory(world);
    const { id } = issued(arn, randomUUID(), 5_000);
    world.keys.change(id, { createdAt: new Date(world.clock.now().getTime() - 86_400_000) });
    await runSteps(world.handler(), arn, world.protocol.beginRotation(arn));
    expect(ids()).toContain(id);
  });
});

it('a key that the function has no time to wait for is told from one that was given its time', async () => {
  await start(50);
  world.keys.propagation = 1_000_000;
  const arn = world.newSecret();
  const token = world.protocol.beginRotation(arn);
  await runSteps(world.handler(), arn, token, ['createSecret', 'setSecret']);
  const given = await failureOf(invokeStep(world.handler(), 'testSecret', arn, token));
  expect(given).toMatchObject({ name: 'KeyRefused', message: expect.stringContaining('had its time to work') });
  const hurried = await failureOf(invokeStep(world.handler(), 'testSecret', arn, token, 5_000));
  expect(hurried).toMatchObject({ name: 'KeyRefused', message: expect.stringMatching(/60 s .* raise its timeout/) });
});

describe('a secret', () => {
  beforeEach(() => start(50));

  it('keeps the key where its fields say, and connection strings follow', async () => {
    const arn = world.newSecret();
    putByHand(world, arn, { fields: { keyId: 'DD_KEY_ID', key: 'DD_API_KEY' }, DD_KEY_ID: '', DD_API_KEY: '' });
    await rotated(world, arn);
    const first = secretIn(world, arn, 'AWSCURRENT');
    expect(world.keys.works(first.DD_API_KEY)).toBe(true);
    putByHand(world, arn, { DSN: `https://apikey:${first.DD_API_KEY}@intake.example/1` });
    await rotated(world, arn);
    const second = secretIn(world, arn, 'AWSCURRENT');
    expect(second).toMatchObject({ key: '', keyId: '', DSN: `https://apikey:${second.DD_API_KEY}@intake.example/1` });
    expect(second.DD_API_KEY).not.toBe(first.DD_API_KEY);
  });

  it.each([
    ['no field for the key', { fields: { key: 'absent' } }, /no field of the name that its "fields\.key" gives/],
    ['no field for its id', { fields: { keyId: 'absent' } }, /no field of the name that its "fields\.keyId" gives/],
    ['the key where logs may show it', { fields: { key: 'provider' } }, /puts the key in "provider"/],
    ['one field for both', { fields: { key: 'key', keyId: 'key' } }, /"fields" must be/],
    ['fields of another kind', { fields: ['key'] }, /"fields" must be/],
    ['an unknown provider', { provider: 'nobody' }, /"provider" must be one of datadog/],
    ['no masterarn', { masterarn: '' }, /no field "masterarn"/],
  ])('with %s is refused before a key is made', async (_, changes, message) => {
    const arn = world.newSecret();
    putByHand(world, arn, changes);
    const failure = await failureOf(rotated(world, arn));
    expect(failure).toMatchObject({ name: 'InvalidSecret', message: expect.stringMatching(message) });
    expect(ids()).toEqual([]);
  });

  it('with a tag that is no setting is refused before a key is made', async () => {
    const arn = world.newSecret({ 'rotation:retire': 'now' });
    await expect(rotated(world, arn)).rejects.toMatchObject({ name: 'InvalidSetting' });
    expect(ids()).toEqual([]);
  });
});
