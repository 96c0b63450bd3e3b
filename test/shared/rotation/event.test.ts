import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEvent, STEPS } from '../../../shared/rotation/event.ts';

const SECRET_ID = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-a1B2c3';
const TOKEN = '0f8fad5b-d9cb-469f-a165-70867728950e';
const ROTATION_TOKEN = 'rotation-token-that-nobody-may-see-42';
const valid = { Step: 'createSecret', SecretId: SECRET_ID, ClientRequestToken: TOKEN, RotationToken: ROTATION_TOKEN };

const errorFor = (event: unknown): Error => {
  try {
    parseEvent(event);
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('The event was accepted.');
};

describe('an event', () => {
  it.each(STEPS)('may ask for %s', (Step) => {
    expect(parseEvent({ ...valid, Step })).toMatchObject({ step: Step, secretId: SECRET_ID, token: TOKEN });
  });

  it('may come without a rotation token, as it did before the service sent one', () => {
    const { RotationToken: _, ...older } = valid;
    expect(parseEvent(older).rotationToken).toBeUndefined();
  });

  it('keeps the rotation token out of sight', () => {
    const event = parseEvent(valid);
    expect(event.rotationToken?.reveal()).toBe(ROTATION_TOKEN);
    for (const seen of [inspect(event, { depth: 9 }), JSON.stringify(event), String(event.rotationToken)]) {
      expect(seen).not.toContain(ROTATION_TOKEN);
    }
  });

  it('may have fields that are not known yet, which are dropped', () => {
    const unknown = fc.dictionary(
      fc.string().filter((name) => !(name in valid) && name !== '__proto__'),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(unknown, (more) => {
        expect(Object.keys(parseEvent({ ...more, ...valid })).sort()).toEqual(
          ['step', 'secretId', 'token', 'rotationToken'].sort(),
        );
      }),
    );
  });

  // Limits: API reference of GetSecretValue (SecretId 1-2048) and PutSecretValue (ClientRequestToken 32-64,
  // RotationToken 36-256).
  it.each([
    ['SecretId', 1, 2048],
    ['ClientRequestToken', 32, 64],
    ['RotationToken', 36, 256],
  ])('may have a %s of %i to %i characters', (field, least, most) => {
    for (const length of [least, most])
      expect(() => parseEvent({ ...valid, [field]: 'a'.repeat(length) })).not.toThrow();
    for (const length of [least - 1, most + 1]) {
      expect(errorFor({ ...valid, [field]: 'a'.repeat(length) })).toMatchObject({
        name: 'InvalidEvent',
        message: expect.stringContaining(field),
      });
    }
  });

  it.each([undefined, null, 'createSecret', 42, true, [], [valid]])('is not %j', (event) => {
    expect(errorFor(event)).toMatchObject({ name: 'InvalidEvent', message: expect.stringContaining('SecretId') });
  });

  it.each([
    ['Step', undefined, 'missing'],
    ['Step', '', 'empty'],
    ['Step', null, 'null'],
    ['Step', 'create_secret', 'createSecret'],
    ['Step', 'CREATESECRET', 'createSecret'],
    ['Step', 'deleteSecret', 'finishSecret'],
    ['Step', ['createSecret'], 'an array'],
    ['SecretId', undefined, 'missing'],
    ['SecretId', '', 'empty'],
    ['SecretId', 7, 'of type number'],
    ['SecretId', { arn: SECRET_ID }, 'of type object'],
    ['SecretId', 'app/*', 'ARN'],
    ['SecretId', 'app db', 'ARN'],
    ['SecretId', 'app\ndb', 'ARN'],
    ['SecretId', `${SECRET_ID}\n`, 'ARN'],
    ['SecretId', 'app\u0000db', 'ARN'],
    ['ClientRequestToken', undefined, 'missing'],
    ['ClientRequestToken', null, 'null'],
    ['ClientRequestToken', [TOKEN], 'an array'],
    ['ClientRequestToken', `${TOKEN}\n`, 'printable'],
    ['ClientRequestToken', `${TOKEN}\u001b[31m`, 'printable'],
    ['RotationToken', '', 'empty'],
    ['RotationToken', null, 'null'],
    ['RotationToken', 1, 'of type number'],
    ['RotationToken', `${ROTATION_TOKEN}!`, 'hyphens'],
  ])('with %s = %j is refused, and the error says why', (field, value, reason) => {
    const { name, message } = errorFor({ ...valid, [field]: value });
    expect(name).toBe('InvalidEvent');
    expect(message).toContain(field);
    expect(message).toContain(reason);
  });

  it('is never quoted by its error, wherever a secret was misplaced', () => {
    const canary = fc.string({ unit: 'binary' }).map((text) => `\u00e9canary ${text}`);
    fc.assert(
      fc.property(canary, fc.constantFrom(...Object.keys(valid)), fc.boolean(), (secret, field, nested) => {
        const error = errorFor({ ...valid, [field]: nested ? { password: secret } : secret });
        expect(inspect(error, { depth: 9 })).not.toContain('canary');
      }),
    );
    expect(inspect(errorFor(['canary']))).not.toContain('canary');
  });
});
