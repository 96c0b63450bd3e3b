import { randomUUID } from 'node:crypto';
import type { Tag } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { STEPS, type Step } from '../../../shared/rotation/event.ts';
import { rotationHandler } from '../../../shared/rotation/handler.ts';
import { randomValue } from '../../../shared/strategies/random-value.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
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

const tagList = (tags: Record<string, string>): Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** Rotates once, through all four steps; gives the new current value as text. */
async function rotate(value: Value, tags: Record<string, string> = {}): Promise<string> {
  const arn = protocol.createSecret(value, tagList(tags));
  const token = protocol.beginRotation(arn);
  const handler = rotationHandler(randomValue(), protocol.client);
  for (const step of STEPS) await invokeStep(handler, step, arn, token);
  expect(protocol.stages(arn)['AWSCURRENT']).toBe(token);
  return protocol.valueOf(arn, 'AWSCURRENT') ?? '';
}

async function refusal(value: Value, tags: Record<string, string> = {}): Promise<Error> {
  const arn = protocol.createSecret(value, tagList(tags));
  const was = protocol.stages(arn);
  const token = protocol.beginRotation(arn);
  const step = invokeStep(rotationHandler(randomValue(), protocol.client), 'createSecret', arn, token);
  const error: unknown = await step.catch((failure: unknown) => failure);
  if (!(error instanceof Error)) throw new Error('It was rotated.');
  expect(protocol.stages(arn)).toEqual({ ...was, AWSPENDING: token });
  expect(protocol.valueOf(arn, token)).toBeUndefined();
  return error;
}

describe('a secret that is one string', () => {
  it('becomes 32 characters, one of each kind, without those that break URLs, quotes and shells', async () => {
    const next = await rotate('old-password');
    expect(next).toMatch(/^[\x21-\x7e]{32}$/);
    for (const kind of [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/]) expect(next).toMatch(kind);
    expect(next).not.toMatch(/[/@"'\\]/);
  });

  it('differs each time', async () => {
    const values = new Set([await rotate('old'), await rotate('old'), await rotate('old')]);
    expect(values.size).toBe(3);
  });

  // Lengths are in characters, or for encodings in bytes before encoding, as `openssl rand` counts.
  it.each([
    ['ascii', '40', /^[\x21-\x7e]{40}$/],
    ['alphanumeric', '40', /^[a-zA-Z\d]{40}$/],
    ['hex', '24', /^[\da-f]{48}$/],
    ['base64', '24', /^[a-zA-Z\d+/]{32}$/],
    ['base64url', '32', /^[\w-]{43}$/],
    ['digits', '40', /^\d{40}$/],
    ['uuid', '', /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/],
  ])('can be %s, by its tags or by the environment', async (charset, length, shape) => {
    const tags = { 'rotation:charset': charset, ...(length && { 'rotation:length': length }) };
    expect(await rotate('old', tags)).toMatch(shape);
    vi.stubEnv('PASSWORD_CHARSET', charset);
    if (length) vi.stubEnv('PASSWORD_LENGTH', length);
    expect(await rotate('old')).toMatch(shape);
  });

  it('follows its tags before the environment, and the environment before the defaults', async () => {
    vi.stubEnv('PASSWORD_CHARSET', 'digits');
    vi.stubEnv('PASSWORD_LENGTH', '40');
    expect(await rotate('old')).toMatch(/^\d{40}$/);
    expect(await rotate('old', { 'rotation:charset': 'alphanumeric', 'rotation:length': '48' })).toMatch(
      /^[a-zA-Z\d]{48}$/,
    );
  });

  it('follows the exclusions of the AWS-provided templates', async () => {
    vi.stubEnv('EXCLUDE_PUNCTUATION', 'true');
    vi.stubEnv('EXCLUDE_CHARACTERS', '0123456789abc');
    expect(await rotate('old')).toMatch(/^[d-zA-Z]{32}$/);
  });

  it.each([
    ['rotation:charset', 'emoji', 'base64url'],
    ['rotation:length', 'long', 'whole number'],
    ['rotation:length', '4', '112'],
    ['rotation:fields', 'password', 'not a JSON object'],
  ])('is not rotated with the tag %s = %j', async (tag, value, reason) => {
    const error = await refusal('old', { [tag]: value });
    expect(error).toMatchObject({ name: 'InvalidSetting', message: expect.stringContaining(tag) });
    expect(error.message).toContain(reason);
  });

  it.each([
    '{"password": "canary"',
    '{"password": "canary",}',
    "{'password': 'canary'}",
    '{canary}',
    ' \n{"a": "canary" "b"}\n',
  ])('is not rotated if it looks like JSON and is not: %j', async (value) => {
    const error = await refusal(value);
    expect(error).toMatchObject({ name: 'InvalidSecret', message: expect.stringContaining('not JSON') });
    expect(`${error.stack} ${output.text()}`).not.toContain('canary');
  });
});

describe('a secret that only resembles JSON', () => {
  it.each(['{a password that opens a brace', 'one that closes it}', '["a list"]', '"quoted"', '12345678'])(
    'is a string like any other: %j',
    async (value) => {
      expect(await rotate(value)).toMatch(/^[\x21-\x7e]{32}$/);
    },
  );
});

describe('a secret that is a JSON object', () => {
  it('gets a new "password", and keeps all else to the byte', async () => {
    const written = (password: string) =>
      `{\n  "username": "app", "retries": 1.0,\n  "password": "${password}", "id": 12345678901234567890, "more": {"password": "x"}}\n`;
    const next = await rotate(written('old'), { 'rotation:charset': 'alphanumeric' });
    const { password } = JSON.parse(next);
    expect(password).toMatch(/^[a-zA-Z\d]{32}$/);
    expect(next).toBe(written(password));
  });

  it('gets a new value in its only string field, whatever that is called', async () => {
    const next = JSON.parse(await rotate('{"apiToken": "old", "version": 3, "active": true, "limits": ["a"]}'));
    expect(next).toEqual({ apiToken: expect.not.stringMatching(/^old$/), version: 3, active: true, limits: ['a'] });
  });

  it('prefers "password" to other string fields', async () => {
    const next = JSON.parse(await rotate('{"a": "kept", "password": "old", "token": "kept"}'));
    expect(next).toEqual({ a: 'kept', password: expect.stringMatching(/^.{32}$/), token: 'kept' });
  });

  it('gets new values, all different, in the fields that the tag rotation:fields names', async () => {
    const old = '{"password": "kept", "first": "old", "second": "old", "third": "kept"}';
    const next = JSON.parse(await rotate(old, { 'rotation:fields': 'second first  second' }));
    expect(next).toEqual({
      password: 'kept',
      first: expect.stringMatching(/^.{32}$/),
      second: expect.stringMatching(/^.{32}$/),
      third: 'kept',
    });
    expect(next.first).not.toBe(next.second);
  });

  it.each([
    ['no string field', '{"n": 1}', {}, 'InvalidSecret'],
    ['nothing at all', '{}', {}, 'InvalidSecret'],
    ['several string fields, none of them "password"', '{"a": "canary", "b": "canary"}', {}, 'InvalidSecret'],
    ['a "password" that is no string', '{"password": {"canary": 1}}', {}, 'InvalidSecret'],
    ['no such field as the tag names', '{"a": "canary"}', { 'rotation:fields': 'a other' }, 'InvalidSetting'],
    ['no string where the tag points', '{"a": "canary", "n": 1}', { 'rotation:fields': 'n' }, 'InvalidSetting'],
    ['a tag that names nothing', '{"a": "canary"}', { 'rotation:fields': ' ' }, 'InvalidSetting'],
    ['an empty tag', '{"a": "canary"}', { 'rotation:fields': '' }, 'InvalidSetting'],
  ])('with %s is refused, and the error names the tag', async (_, value, tags, name) => {
    const error = await refusal(value, { ...tags });
    expect(error).toMatchObject({ name, message: expect.stringContaining('rotation:fields') });
    expect(`${error.stack} ${output.text()}`).not.toContain('canary');
  });

  it('takes its connection strings with it', async () => {
    const old = {
      username: 'app',
      password: 'old-pass',
      DATABASE_URL: 'postgres://app:old-pass@db.example.com/orders',
    };
    const next = JSON.parse(await rotate(JSON.stringify(old)));
    expect(decodeURIComponent(new URL(next.DATABASE_URL).password)).toBe(next.password);
    expect(next.DATABASE_URL).toMatch(/^postgres:\/\/app:.*@db\.example\.com\/orders$/);
  });

  it('can be rotated again and again', async () => {
    const once = await rotate('{"username": "app", "password": "old"}');
    const twice = await rotate(once);
    expect(Object.keys(JSON.parse(twice))).toEqual(['username', 'password']);
  });
});

describe('a secret that is binary', () => {
  const bytesOf = (base64: string) => Buffer.from(base64, 'base64');

  it.each([16, 24, 32, 64])('of %i bytes becomes another key of as many', async (length) => {
    const old = Buffer.alloc(length, 7);
    const next = bytesOf(await rotate(old));
    expect(next).toHaveLength(length);
    expect(next.equals(old)).toBe(false);
  });

  it('becomes as long as the tag rotation:length says', async () => {
    expect(bytesOf(await rotate(Buffer.alloc(16), { 'rotation:length': '48' }))).toHaveLength(48);
  });

  it('is not made shorter than the function allows', async () => {
    vi.stubEnv('MINIMUM_ENTROPY_BITS', '256');
    expect(await refusal(Buffer.alloc(32), { 'rotation:length': '16' })).toMatchObject({ name: 'InvalidSetting' });
  });

  it.each(['rotation:fields', 'rotation:charset'])('has nothing that the tag %s could mean', async (tag) => {
    const error = await refusal(Buffer.alloc(32), { [tag]: 'hex' });
    expect(error).toMatchObject({ name: 'InvalidSetting', message: expect.stringContaining(tag) });
  });
});

describe('a random value that waits to be promoted', () => {
  const begin = (value: Value, tags: Record<string, string> = {}) => {
    const arn = protocol.createSecret(value, tagList(tags));
    const token = protocol.beginRotation(arn);
    const handler = rotationHandler(randomValue(), protocol.client);
    const run = async (...steps: readonly Step[]) => {
      for (const step of steps) await invokeStep(handler, step, arn, token);
    };
    const edit = (text: string) => {
      const { store } = protocol.service;
      store.put(store.find(arn), randomUUID(), { SecretString: text }, undefined);
    };
    return { arn, token, run, edit };
  };

  it.each(['setSecret', 'testSecret', 'finishSecret'] as const)('loses to an edit before %s', async (step) => {
    const { arn, run, edit } = begin('{"password": "old"}');
    const at = STEPS.indexOf(step);
    await run(...STEPS.slice(0, at));
    edit('{"password": "old", "note": "by hand"}');
    await expect(run(...STEPS.slice(at))).rejects.toMatchObject({ name: 'CandidateGivenUp' });
    expect(protocol.valueOf(arn, 'AWSCURRENT')).toBe('{"password": "old", "note": "by hand"}');
    expect(protocol.stages(arn)).not.toHaveProperty('AWSPENDING');
  });

  it.each<[string, Value, string, Record<string, string>?]>([
    ['a weak string', 'old', 'x'],
    ['a weak field', '{"password": "old"}', '{"password": "x"}'],
    ['another field', '{"password": "old"}', `{"password": "${'aA1!'.repeat(8)}", "note": "theirs"}`],
    ['text for bytes', Buffer.alloc(32), 'x'],
    ['an object for a string', 'old', '{"password": "x"}'],
    [
      'a field that the tag does not name',
      '{"a": "1", "b": "2"}',
      `{"a": "1", "b": "${'aA1!'.repeat(8)}"}`,
      { 'rotation:fields': 'a' },
    ],
  ])('is given up if somebody put %s under its token', async (_, value, planted, tags) => {
    const { arn, token, run } = begin(value, tags);
    protocol.stage(arn, token, planted);
    await expect(run(...STEPS)).rejects.toMatchObject({ name: 'CandidateGivenUp' });
    expect(protocol.stages(arn)).not.toHaveProperty('AWSPENDING');
  });
});
