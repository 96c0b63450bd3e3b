import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { STEPS, type Step } from '../../../shared/rotation/event.ts';
import { rotationHandler } from '../../../shared/rotation/handler.ts';
import { sharedToken } from '../../../shared/strategies/shared-token.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { failureOf } from '../../support/failure.ts';
import { invokeStep, type Protocol, startProtocol, type Value } from '../../support/protocol.ts';

let protocol: Protocol;
const output = outputOfEachTest();

beforeEach(async () => {
  protocol = await startProtocol();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await protocol.close();
});

const secret = (value: Value, tags: Record<string, string> = {}) =>
  protocol.createSecret(
    value,
    Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  );
const current = (arn: string) => protocol.valueOf(arn, 'AWSCURRENT') ?? '';
const versionsOf = (arn: string) => protocol.service.store.find(arn).versions;

async function run(arn: string, token: string, steps: readonly Step[] = STEPS): Promise<void> {
  const handler = rotationHandler(sharedToken(), protocol.client);
  for (const step of steps) await invokeStep(handler, step, arn, token);
}

/** Rotates once, through all four steps; gives the new current value as text. */
async function rotate(arn: string): Promise<string> {
  await run(arn, protocol.beginRotation(arn));
  return current(arn);
}

describe('a shared token', () => {
  it('gets a new "current", and the old one becomes "previous" beside it', async () => {
    const next = JSON.parse(await rotate(secret('{"current": "one", "previous": "zero"}')));
    expect(next).toEqual({ current: expect.stringMatching(/^[\x21-\x7e]{32}$/), previous: 'one' });
  });

  it.each([
    ['has no "previous" yet', '{\n  "id": 1.0,\n  "current": "one",\n  "note": "x"\n}'],
    ['has an empty one', '{\n  "id": 1.0,\n  "current": "one",\n  "previous": "",\n  "note": "x"\n}'],
    ['has null there', '{\n  "id": 1.0,\n  "current": "one",\n  "previous": null,\n  "note": "x"\n}'],
  ])('gets both where a secret %s, and all else stays to the byte', async (_, value) => {
    const next = await rotate(secret(value, { 'rotation:charset': 'hex' }));
    const token = JSON.parse(next).current;
    expect(token).toMatch(/^[\da-f]{64}$/);
    expect(next).toBe(`{\n  "id": 1.0,\n  "current": "${token}",\n  "previous": "one",\n  "note": "x"\n}`);
  });

  it('is accepted until the second rotation, which ends it', async () => {
    const arn = secret('{"current": "leaked"}');
    expect(Object.values(JSON.parse(await rotate(arn)))).toContain('leaked');
    expect(Object.values(JSON.parse(await rotate(arn)))).not.toContain('leaked');
  });

  it('stands in the two fields that the tag rotation:fields names, the current one first', async () => {
    const tags = { 'rotation:fields': 'JWT_KEY JWT_KEY_BEFORE' };
    const next = JSON.parse(await rotate(secret('{"current": "kept", "JWT_KEY": "one"}', tags)));
    expect(next).toEqual({ current: 'kept', JWT_KEY: expect.any(String), JWT_KEY_BEFORE: 'one' });
    expect(next.JWT_KEY).not.toBe('one');
  });

  it('is made by the same settings as a random password', async () => {
    vi.stubEnv('PASSWORD_LENGTH', '40');
    const tags = { 'rotation:charset': 'alphanumeric' };
    expect(JSON.parse(await rotate(secret('{"current": "one"}', tags))).current).toMatch(/^[a-zA-Z\d]{40}$/);
  });

  it('takes connection strings with it', async () => {
    const url = 'rediss://app:one@cache.example.com:6379';
    const next = JSON.parse(await rotate(secret(JSON.stringify({ username: 'app', current: 'one', REDIS_URL: url }))));
    expect(decodeURIComponent(new URL(next.REDIS_URL).password)).toBe(next.current);
  });

  it('is never one that verifiers accept already, however few there are', async () => {
    vi.stubEnv('PASSWORD_CHARSET', 'digits');
    vi.stubEnv('PASSWORD_LENGTH', '1');
    vi.stubEnv('EXCLUDE_CHARACTERS', '3456789');
    const arn = secret('{"current": "0", "previous": "1"}');
    expect(await rotate(arn)).toBe('{"current": "2", "previous": "0"}');
    vi.stubEnv('EXCLUDE_CHARACTERS', '13456789');
    expect(await failureOf(rotate(arn))).toMatchObject({
      name: 'InvalidSetting',
      message: expect.stringContaining('rotation:length'),
    });
  });

  it.each([
    ['no "current"', '{"token": "canary"}', {}, 'InvalidSecret', '"current"'],
    ['an empty "current"', '{"current": "", "x": "canary"}', {}, 'InvalidSecret', '"current"'],
    ['a "current" that is no string', '{"current": {"canary": 1}}', {}, 'InvalidSecret', '"current"'],
    ['a "previous" that is no string', '{"current": "canary", "previous": 1}', {}, 'InvalidSecret', '"previous"'],
    ['a whole string', 'canary', {}, 'InvalidSecret', 'JSON'],
    ['bytes', Buffer.from('canary'), {}, 'InvalidSecret', 'JSON'],
    ['no field as the tag names', '{"current": "canary"}', { 'rotation:fields': 'a b' }, 'InvalidSecret', '"a"'],
    ['one field in the tag', '{"current": "canary"}', { 'rotation:fields': 'current' }, 'InvalidSetting', 'two fields'],
    ['one twice', '{"current": "canary"}', { 'rotation:fields': 'current current' }, 'InvalidSetting', 'two fields'],
    ['three', '{"current": "canary"}', { 'rotation:fields': 'current b c' }, 'InvalidSetting', 'two fields'],
    ['a weak setting', '{"current": "canary"}', { 'rotation:length': '4' }, 'InvalidSetting', 'rotation:length'],
  ])('is refused with %s, before anything is stored', async (_, value, tags, name, reason) => {
    const arn = secret(value, { ...tags });
    const token = protocol.beginRotation(arn);
    const error = await failureOf(run(arn, token));
    expect(error).toMatchObject({ name, message: expect.stringContaining(reason) });
    expect(protocol.valueOf(arn, token)).toBeUndefined();
    expect(`${error.stack} ${output.text()}`).not.toContain('canary');
  });
});

describe('a rotation of a shared token that is repeated', () => {
  it('with the same token keeps its candidate', async () => {
    const arn = secret('{"current": "one"}');
    const token = protocol.beginRotation(arn);
    await run(arn, token, ['createSecret']);
    const candidate = protocol.valueOf(arn, token);
    await run(arn, token);
    await run(arn, token);
    expect(current(arn)).toBe(candidate);
    expect(JSON.parse(current(arn)).previous).toBe('one');
  });

  it('with a new token, once AWSPENDING was cleared, keeps the token that clients hold', async () => {
    const arn = secret('{"current": "one", "previous": "zero"}');
    const given = protocol.beginRotation(arn);
    await run(arn, given, ['createSecret', 'setSecret', 'testSecret']);
    versionsOf(arn).clearPending(given, new Date());
    expect(JSON.parse(await rotate(arn)).previous).toBe('one');
  });

  it('twice at once stores one candidate', async () => {
    const arn = secret('{"current": "one"}');
    const token = protocol.beginRotation(arn);
    await Promise.all([run(arn, token), run(arn, token)]);
    expect(versionsOf(arn).all()).toHaveLength(2);
    expect(JSON.parse(current(arn)).previous).toBe('one');
  });
});

const newer = 'n'.repeat(32);

/** A candidate that somebody staged by hand. */
function staged(candidate: string, live = '{"current": "one", "previous": "zero"}') {
  vi.stubEnv('REQUIRE_EACH_INCLUDED_TYPE', 'false');
  const arn = secret(live, { 'rotation:charset': 'alphanumeric' });
  const token = randomUUID();
  protocol.stage(arn, token, candidate);
  return { arn, token };
}

describe('testSecret of a shared token', () => {
  it('passes alone on a copy of the current value, as a test-only rotation has it', async () => {
    const { arn, token } = staged('{"current": "one", "previous": "zero"}');
    await run(arn, token, ['testSecret']);
    expect(protocol.stages(arn)).toMatchObject({ AWSPENDING: token });
  });

  it.each([
    ['secret', '{"token": "one"}', {}, 'InvalidSecret'],
    ['setting', '{"current": "one"}', { 'rotation:charset': 'emoji' }, 'InvalidSetting'],
  ])('run alone tells of a wrong %s, before any rotation', async (_, value, wrong, name) => {
    const arn = secret(value, { ...wrong });
    const token = randomUUID();
    protocol.stage(arn, token, value);
    expect(await failureOf(run(arn, token, ['testSecret']))).toMatchObject({ name });
  });
});

describe('a candidate of a shared token that somebody staged by hand', () => {
  it('is adopted if it has the right shape', async () => {
    const { arn, token } = staged(`{"current": "${newer}", "previous": "one"}`);
    await run(arn, token);
    expect(protocol.stages(arn)).toMatchObject({ AWSCURRENT: token });
  });

  it.each([
    ['drops the token that clients hold', `{"current": "${newer}", "previous": "zero"}`, 'other fields differ'],
    ['keeps no token', `{"current": "${newer}"}`, 'other fields differ'],
    ['has no new token', '{"current": "one", "previous": "one"}', 'settings'],
    ['has a weaker token than the settings allow', '{"current": "canary", "previous": "one"}', 'settings'],
    ['has no string for a token', '{"current": 5, "previous": "one"}', 'not what this function makes'],
  ])('is given up if it %s, and the way is clear for a new one', async (_, candidate, reason) => {
    const { arn, token } = staged(candidate);
    const error = await failureOf(run(arn, token));
    expect(error).toMatchObject({ name: 'CandidateGivenUp', message: expect.stringContaining(reason) });
    expect(error.message).toContain(`aws secretsmanager rotate-secret --secret-id ${arn}`);
    expect(`${error.stack} ${output.text()}`).not.toMatch(/canary|nnnn/);
    expect(protocol.stages(arn)).not.toHaveProperty('AWSPENDING');
    expect(JSON.parse(await rotate(arn)).previous).toBe('one');
  });

  it('is given up if AWSCURRENT was changed by hand meanwhile, and the next rotation keeps that change', async () => {
    const arn = secret('{"current": "one"}');
    const token = protocol.beginRotation(arn);
    await run(arn, token, ['createSecret']);
    const later = new Date(Date.now() + 1);
    versionsOf(arn).put(randomUUID(), { SecretString: '{"current": "two"}' }, ['AWSCURRENT'], later);
    expect(await failureOf(run(arn, token))).toMatchObject({ name: 'CandidateGivenUp' });
    expect(current(arn)).toBe('{"current": "two"}');
    expect(JSON.parse(await rotate(arn)).previous).toBe('two');
  });
});
