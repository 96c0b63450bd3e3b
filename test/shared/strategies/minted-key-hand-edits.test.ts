import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { fakeAuth0 } from '../../../local/issuers/auth0.ts';
import { fakeDatadog } from '../../../local/issuers/datadog.ts';
import { auth0 } from '../../../shared/providers/auth0.ts';
import { datadog } from '../../../shared/providers/datadog.ts';
import { STEPS } from '../../../shared/rotation/event.ts';
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
import { chosenKeys, fakeChosenKeys } from '../../support/chosen-keys.ts';
import { failureOf } from '../../support/failure.ts';

const { declaration } = datadog;
const AT_ONCE = { 'rotation:retire': 'at-once' };

let world: ProviderWorld;

afterEach(() => world.close());

const output = outputOfEachTest();
const warnings = () => output.logs().filter(({ level }) => level === 'WARN');
const ids = (target?: string) => world.keys.living(target).map(({ id }) => id);
const named = (secret: string) => keyNames(secret, randomUUID(), 200).name(world.clock.now(), false);

/** Keys with names, issued by the issuer. */
async function start(livingKeys = 50): Promise<void> {
  const facts = { ...declaration.facts, livingKeys };
  world = await startWorld({ declaration: { ...declaration, facts }, fake: () => fakeDatadog(livingKeys) });
}

describe('a hand edit that put the live key into AWSPREVIOUS', () => {
  it('by way of AWSCURRENT is not promoted over, so that at-once does not end it', async () => {
    await start();
    const arn = await secretWithHistory(world, AT_ONCE);
    const token = world.protocol.beginRotation(arn);
    await runSteps(world.handler(), arn, token, ['createSecret', 'setSecret', 'testSecret']);
    putByHand(world, arn, { keyId: secretIn(world, arn, token).keyId, key: secretIn(world, arn, token).key });
    const { key } = secretIn(world, arn, 'AWSCURRENT');
    await expect(runSteps(world.handler(), arn, token, ['finishSecret'])).rejects.toMatchObject({
      name: 'CandidateGivenUp',
    });
    expect(secretIn(world, arn, 'AWSCURRENT').key).toBe(key);
    expect(world.keys.works(key)).toBe(true);
  });

  it('does not let it make room, though AWSCURRENT has a wrong id beside it', async () => {
    await start(2);
    const arn = world.newSecret();
    await rotated(world, arn);
    world.keys.issue({ name: 'made by hand' });
    const { key } = secretIn(world, arn, 'AWSCURRENT');
    putByHand(world, arn, { keyId: 'no-such-id' });
    await expect(rotated(world, arn)).rejects.toMatchObject({ name: 'KeyLimitReached' });
    expect(world.keys.works(key)).toBe(true);
  });

  it("does not let a late finish end the next rotation's candidate", async () => {
    await start();
    const arn = await secretWithHistory(world, AT_ONCE);
    const token = await rotated(world, arn);
    const next = world.protocol.beginRotation(arn);
    await runSteps(world.handler(), arn, next, ['createSecret', 'setSecret']);
    const { versions } = world.protocol.service.store.find(arn);
    const SecretString = JSON.stringify(secretIn(world, arn, next));
    versions.put(randomUUID(), { SecretString }, ['AWSPREVIOUS'], new Date());
    await runSteps(world.handler(), arn, token, ['finishSecret']);
    expect(world.keys.works(secretIn(world, arn, next).key)).toBe(true);
  });
});

describe('an edit by hand while a rotation waits', () => {
  it.each([1, 2, 3])(
    'after %i steps is not promoted over, and the candidate that is given up ends later',
    async (done) => {
      await start();
      const arn = await secretWithHistory(world);
      const token = world.protocol.beginRotation(arn);
      await runSteps(world.handler(), arn, token, STEPS.slice(0, done));
      const { keyId } = secretIn(world, arn, token);
      putByHand(world, arn, { note: 'by hand' });
      const current = secretIn(world, arn, 'AWSCURRENT');
      await expect(runSteps(world.handler(), arn, token, STEPS.slice(done))).rejects.toMatchObject({
        name: 'CandidateGivenUp',
      });
      expect(world.protocol.stages(arn)).not.toHaveProperty('AWSPENDING');
      expect(world.keys.works(current.key)).toBe(true);
      await rotated(world, arn);
      expect(secretIn(world, arn, 'AWSCURRENT').note).toBe('by hand');
      expect(secretIn(world, arn, 'AWSPREVIOUS')).toEqual(current);
      expect(ids()).not.toContain(keyId);
    },
  );

  it('that names a key which does not work leaves AWSPENDING on the one that does', async () => {
    await start();
    const arn = await secretWithHistory(world);
    const token = world.protocol.beginRotation(arn);
    await runSteps(world.handler(), arn, token, ['createSecret']);
    putByHand(world, arn, { keyId: 'of-nothing', key: 'of-nothing-at-all' });
    await expect(runSteps(world.handler(), arn, token, ['setSecret'])).rejects.toMatchObject({ name: 'KeyRefused' });
    expect(world.protocol.stages(arn)['AWSPENDING']).toBe(token);
  });

  it('has the only secret that may live set again, once the candidate has replaced it', async () => {
    world = await startWorld({
      declaration: auth0.declaration,
      fake: fakeAuth0,
      target: { clientId: 'app-1' },
      account: 'app-1',
    });
    const arn = world.newSecret();
    await rotated(world, arn);
    const token = world.protocol.beginRotation(arn);
    await runSteps(world.handler(), arn, token, ['createSecret', 'setSecret']);
    putByHand(world, arn, { note: 'by hand' });
    const { key } = secretIn(world, arn, 'AWSCURRENT');
    expect(world.keys.works(key)).toBe(false);
    await expect(runSteps(world.handler(), arn, token, ['finishSecret'])).rejects.toMatchObject({
      name: 'CandidateGivenUp',
    });
    expect(world.keys.works(key)).toBe(true);
  });
});

describe('a candidate that somebody put under the token', () => {
  it('is not applied where the value is chosen, unless this function could have drawn it', async () => {
    world = await startWorld({
      declaration: chosenKeys,
      fake: fakeChosenKeys,
      target: { app: 'app-1' },
      account: 'app-1',
    });
    const arn = world.newSecret();
    await rotated(world, arn);
    const token = world.protocol.beginRotation(arn);
    const current = world.protocol.valueOf(arn, 'AWSCURRENT') ?? '';
    world.protocol.stage(arn, token, JSON.stringify({ ...JSON.parse(current), key: 'theirs' }));
    await expect(runSteps(world.handler(), arn, token)).rejects.toMatchObject({ name: 'CandidateGivenUp' });
    expect(world.keys.works('theirs')).toBe(false);
  });
});

describe('a hand edit that named the key of somebody else', () => {
  it('in AWSPREVIOUS does not end it; one warning tells', async () => {
    await start();
    const arn = world.newSecret(AT_ONCE);
    const foreign = world.keys.issue({ name: 'made by hand' });
    putByHand(world, arn, { keyId: foreign.id, key: foreign.value });
    await rotated(world, arn);
    expect(secretIn(world, arn, 'AWSPREVIOUS').keyId).toBe(foreign.id);
    expect(ids()).toContain(foreign.id);
    expect(warnings()).toEqual([expect.objectContaining({ keyId: foreign.id })]);
    expect(warnings()[0]?.['message']).toContain('nothing shows that it was made for this secret');
  });

  it('by the name of another secret, whose key works on', async () => {
    await start();
    const [arn, other] = [world.newSecret(AT_ONCE), world.newSecret()];
    await rotated(world, other);
    const { keyId } = secretIn(world, other, 'AWSCURRENT');
    putByHand(world, arn, { keyId });
    await rotated(world, arn);
    await rotated(world, arn);
    expect(ids()).toContain(keyId);
  });

  it.each([
    ['at once', AT_ONCE],
    ['to make room', {}],
  ])('where the issuer lists values does not end it %s for an id alone', async (_, tags) => {
    world = await startWorld({
      declaration: chosenKeys,
      fake: fakeChosenKeys,
      target: { app: 'app-1' },
      account: 'app-1',
    });
    const foreign = world.keys.issue({ target: 'app-1' });
    const arn = world.newSecret(tags);
    putByHand(world, arn, { keyId: foreign.id });
    await rotated(world, arn);
    const failure = await failureOf(rotated(world, arn));
    expect(failure).toMatchObject({ name: 'KeyLimitReached' });
    expect(failure.message).toContain(`"serves.${arn}.dedicated"`);
    expect(ids('app-1')).toContain(foreign.id);
  });
});

describe('a hand edit that left a wrong id', () => {
  const misnamed = expect.objectContaining({
    level: 'WARN',
    message: expect.stringContaining('is none of the issuer'),
  });

  it('beside the key of AWSCURRENT does not end that key, before the promotion or after', async () => {
    await start();
    const arn = await secretWithHistory(world);
    putByHand(world, arn, { keyId: 'no-such-id' });
    putByHand(world, arn, { note: 'and AWSPREVIOUS has the same' });
    const { key } = secretIn(world, arn, 'AWSCURRENT');
    const token = world.protocol.beginRotation(arn);
    await runSteps(world.handler(), arn, token, ['createSecret', 'setSecret']);
    expect(world.keys.works(key)).toBe(true);
    expect(output.logs()).toContainEqual(misnamed);
    await runSteps(world.handler(), arn, token);
    expect(secretIn(world, arn, 'AWSPREVIOUS').key).toBe(key);
    expect(world.keys.works(key)).toBe(true);
  });
});

describe('a secret that was something else before', () => {
  it('is rotated, and ends nothing as long as AWSPREVIOUS cannot be read', async () => {
    await start();
    const arn = world.newSecret();
    const { versions } = world.protocol.service.store.find(arn);
    versions.put(randomUUID(), { SecretString: 'a plain text' }, ['AWSPREVIOUS'], new Date());
    const leftOver = world.keys.issue({ name: named(arn) });
    world.clock.pass(LONG_AFTER_MS);
    const token = world.protocol.beginRotation(arn);
    await runSteps(world.handler(), arn, token, ['createSecret', 'setSecret']);
    expect(ids()).toContain(leftOver.id);
    expect(warnings()[0]?.['message']).toContain('AWSPREVIOUS');
    await runSteps(world.handler(), arn, token);
    expect(ids()).toEqual([secretIn(world, arn, 'AWSCURRENT').keyId]);
  });

  it('that moved to another target has AWSPENDING of the old one stay until AWSCURRENT works there', async () => {
    await start();
    const arn = await secretWithHistory(world);
    const token = world.protocol.beginRotation(arn);
    await runSteps(world.handler(), arn, token, ['createSecret']);
    putByHand(world, arn, { target: 'elsewhere' });
    await expect(runSteps(world.handler(), arn, token, ['setSecret'])).rejects.toMatchObject({
      name: 'AdministratorRefused',
      message: expect.stringContaining('AWSPENDING stays on it until AWSCURRENT works'),
    });
    expect(world.protocol.stages(arn)['AWSPENDING']).toBe(token);
  });
});

describe('an issuer whose keys are their own ids', () => {
  it('has them told by digests, in errors and logs', async () => {
    const list = { ...chosenKeys.list, request: 'GET /apps/{target.app}/secrets', items: '', id: '/secret' } as const;
    world = await startWorld({
      declaration: { ...chosenKeys, list },
      fake: fakeChosenKeys,
      target: { app: 'app-1' },
      account: 'app-1',
    });
    const foreign = [world.keys.issue({ target: 'app-1' }), world.keys.issue({ target: 'app-1' })];
    const arn = world.newSecret();
    const failure = await failureOf(rotated(world, arn));
    expect(failure).toMatchObject({ name: 'KeyLimitReached', message: expect.stringMatching(/SHA-256 [0-9a-f]{8}…/) });
    for (const { value } of foreign) expect(`${failure.stack} ${output.text()}`).not.toContain(value);
  });
});
