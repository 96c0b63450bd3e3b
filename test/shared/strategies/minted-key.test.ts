import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeDatadog } from '../../../local/issuers/datadog.ts';
import { datadog } from '../../../shared/providers/datadog.ts';
import { STEPS, type Step } from '../../../shared/rotation/event.ts';
import { keyNames } from '../../../shared/strategies/key-name.ts';
import { type ProviderWorld, startWorld } from '../../conformance/provider-world.ts';
import { type CapturedOutput, captureOutput } from '../../support/captured-output.ts';
import { failureOf } from '../../support/failure.ts';
import { invokeStep } from '../../support/protocol.ts';

/** Longer than a run of the function, and the difference of clocks. */
const LONG_AFTER_MS = 120_000;
const { declaration } = datadog;

let world: ProviderWorld;
let output: CapturedOutput;

async function start(livingKeys: number): Promise<void> {
  const facts = { ...declaration.facts, livingKeys };
  world = await startWorld({ declaration: { ...declaration, facts }, fake: () => fakeDatadog(livingKeys) });
  output = captureOutput();
}

afterEach(async () => {
  output.restore();
  await world.close();
});

const rotate = async (arn: string, token: string, steps: readonly Step[] = STEPS) => {
  for (const step of steps) await invokeStep(world.handler(), step, arn, token);
};
const secretIn = (arn: string, label: string) => JSON.parse(world.protocol.valueOf(arn, label) ?? '{}');
const ids = () => world.keys.living().map(({ id }) => id);
/** Makes another current value, as `put-secret-value` does. */
const putByHand = (arn: string, changes: object) => {
  const text = JSON.stringify({ ...secretIn(arn, 'AWSCURRENT'), ...changes });
  const token = crypto.randomUUID();
  world.protocol.service.store.find(arn).versions.put(token, { SecretString: text }, ['AWSCURRENT'], new Date());
};

async function rotated(arn: string): Promise<string> {
  world.clock.pass(LONG_AFTER_MS);
  const token = world.protocol.beginRotation(arn);
  await rotate(arn, token);
  world.succeeded(arn, token);
  return token;
}

async function rotatedTwice(tags: Readonly<Record<string, string>> = {}): Promise<string> {
  const arn = world.newSecret(tags);
  await rotated(arn);
  await rotated(arn);
  world.clock.pass(LONG_AFTER_MS);
  return arn;
}

describe('at the limit of living keys', () => {
  beforeEach(() => start(2));

  it('the key of AWSPREVIOUS makes room, and AWSCURRENT lives on', async () => {
    const arn = await rotatedTwice();
    const [current, previous] = ['AWSCURRENT', 'AWSPREVIOUS'].map((label) => secretIn(arn, label).keyId);
    expect(ids()).toEqual([previous, current]);
    const token = world.protocol.beginRotation(arn);
    await rotate(arn, token, ['createSecret']);
    expect(ids()).toEqual([current, secretIn(arn, token).keyId]);
  });

  it('nothing is made or ended while the key of AWSPREVIOUS is used after the promotion', async () => {
    const arn = await rotatedTwice();
    const before = ids();
    world.keys.use(secretIn(arn, 'AWSPREVIOUS').key);
    const failure = await failureOf(rotate(arn, world.protocol.beginRotation(arn)));
    expect(failure).toMatchObject({ name: 'PreviousKeyStillInUse' });
    expect(failure.message).toContain(secretIn(arn, 'AWSPREVIOUS').keyId);
    expect(ids()).toEqual(before);
  });

  it('nor while nobody can tell when it was promoted', async () => {
    const arn = await rotatedTwice();
    const secret = world.protocol.service.store.find(arn);
    secret.rotation = undefined;
    await expect(rotate(arn, world.protocol.beginRotation(arn))).rejects.toMatchObject({
      name: 'PreviousKeyStillInUse',
    });
    expect(ids()).toHaveLength(2);
  });

  it('keys of somebody else stay, and are named', async () => {
    const arn = world.newSecret();
    await rotated(arn);
    const foreign = world.keys.issue({ name: 'made by hand' });
    const failure = await failureOf(rotated(arn));
    expect(failure).toMatchObject({ name: 'KeyLimitReached', message: expect.stringContaining(foreign.id) });
    expect(failure.message).toContain('2 keys live at the issuer, and 2 may');
    expect(ids()).toContain(foreign.id);
  });

  it('AWSPREVIOUS makes no room if a hand edit made it carry the key of AWSCURRENT', async () => {
    const arn = world.newSecret();
    await rotated(arn);
    world.keys.issue({ name: 'made by hand' });
    putByHand(arn, { note: 'edited' });
    const { keyId } = secretIn(arn, 'AWSPREVIOUS');
    expect(keyId).toBe(secretIn(arn, 'AWSCURRENT').keyId);
    await expect(rotated(arn)).rejects.toMatchObject({ name: 'KeyLimitReached' });
    expect(ids()).toContain(keyId);
  });
});

describe('after a hand edit', () => {
  beforeEach(() => start(50));

  it('that put the live key into AWSPREVIOUS, at-once does not end it', async () => {
    const arn = await rotatedTwice({ 'rotation:retire': 'at-once' });
    const token = world.protocol.beginRotation(arn);
    await rotate(arn, token, ['createSecret', 'setSecret', 'testSecret']);
    putByHand(arn, { keyId: secretIn(arn, token).keyId, key: secretIn(arn, token).key });
    await rotate(arn, token, ['finishSecret']);
    expect(secretIn(arn, 'AWSPREVIOUS').keyId).toBe(secretIn(arn, 'AWSCURRENT').keyId);
    expect(world.keys.works(secretIn(arn, 'AWSCURRENT').key)).toBe(true);
  });

  it('that named the key of somebody else in AWSPREVIOUS, that key is left, with one warning', async () => {
    const arn = world.newSecret({ 'rotation:retire': 'at-once' });
    const foreign = world.keys.issue({ name: 'made by hand' });
    putByHand(arn, { keyId: foreign.id, key: foreign.value });
    await rotated(arn);
    expect(secretIn(arn, 'AWSPREVIOUS').keyId).toBe(foreign.id);
    expect(ids()).toContain(foreign.id);
    const warnings = output.logs().filter(({ level }) => level === 'WARN');
    expect(warnings).toEqual([expect.objectContaining({ keyId: foreign.id })]);
    expect(warnings[0]?.['message']).toContain('nothing shows that it was made for this secret');
  });

  it('that left a wrong id beside the key of AWSCURRENT, no key is ended', async () => {
    const arn = await rotatedTwice();
    putByHand(arn, { keyId: 'no-such-id' });
    putByHand(arn, { note: 'and AWSPREVIOUS has the same' });
    const { key } = secretIn(arn, 'AWSCURRENT');
    const token = world.protocol.beginRotation(arn);
    await rotate(arn, token, ['createSecret', 'setSecret']);
    expect(world.keys.works(key)).toBe(true);
    expect(output.logs()).toContainEqual(
      expect.objectContaining({ level: 'WARN', message: expect.stringContaining('is none of the issuer') }),
    );
  });

  it('that moved the secret to another target, AWSPENDING of the old one is refused', async () => {
    const arn = await rotatedTwice();
    const token = world.protocol.beginRotation(arn);
    await rotate(arn, token, ['createSecret']);
    putByHand(arn, { target: 'elsewhere' });
    await expect(rotate(arn, token, ['setSecret'])).rejects.toMatchObject({ name: 'CandidateMismatch' });
  });
});

describe('keys that were made for', () => {
  beforeEach(() => start(50));

  it('an earlier rotation of this secret end; those of another secret, and of a later rotation, do not', async () => {
    const arn = await rotatedTwice();
    const other = world.newSecret();
    await rotated(other);
    const named = (secret: string) => keyNames(secret, crypto.randomUUID(), 200).name(world.clock.now(), false);
    const orphan = world.keys.issue({ name: named(arn) });
    const theirs = world.keys.issue({ name: named(other) });
    await rotated(arn);
    expect(ids()).not.toContain(orphan.id);
    expect(ids()).toEqual(expect.arrayContaining([theirs.id, secretIn(other, 'AWSCURRENT').keyId]));
  });

  it("the next rotation's candidate survive a late finish of this one", async () => {
    const arn = await rotatedTwice();
    const token = await rotated(arn);
    const next = world.protocol.beginRotation(arn);
    await rotate(arn, next, ['createSecret', 'setSecret']);
    world.clock.pass(LONG_AFTER_MS);
    await rotate(arn, token, ['finishSecret']);
    expect(world.keys.works(secretIn(arn, next).key)).toBe(true);
  });
});

describe('a secret', () => {
  beforeEach(() => start(50));

  it('keeps the key where its fields say, and connection strings follow', async () => {
    const arn = world.newSecret();
    putByHand(arn, { fields: { keyId: 'DD_KEY_ID', key: 'DD_API_KEY' }, DD_KEY_ID: '', DD_API_KEY: '' });
    await rotated(arn);
    const first = secretIn(arn, 'AWSCURRENT');
    expect(world.keys.works(first.DD_API_KEY)).toBe(true);
    putByHand(arn, { DSN: `https://apikey:${first.DD_API_KEY}@intake.example/1` });
    await rotated(arn);
    const second = secretIn(arn, 'AWSCURRENT');
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
    putByHand(arn, changes);
    const failure = await failureOf(rotated(arn));
    expect(failure).toMatchObject({ name: 'InvalidSecret', message: expect.stringMatching(message) });
    expect(ids()).toEqual([]);
  });

  it('with a tag that is no setting is refused before a key is made', async () => {
    const arn = world.newSecret({ 'rotation:retire': 'now' });
    await expect(rotated(arn)).rejects.toMatchObject({ name: 'InvalidSetting' });
    expect(ids()).toEqual([]);
  });
});
