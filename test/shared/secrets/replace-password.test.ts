import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonSecret } from '../../../shared/secrets/json-secret.ts';
import { replacePassword } from '../../../shared/secrets/replace-password.ts';
import { stringValue } from '../../../shared/secrets/secret-value.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';

const replaced = (text: string, field: string, password: string): string => {
  const value = replacePassword(JsonSecret.parse(stringValue(text)), field, new Sensitive(password)).toValue();
  return value.kind === 'string' ? value.text.reveal() : '';
};

describe('a new password', () => {
  it('leaves all other fields, their order and their spelling alone', () => {
    const written = (password: string) =>
      `{"z": 1.0, "password": ${password},\n "a": {"password": "old-pass"}, "b": null}`;
    expect(replaced(written('"old-pass"'), 'password', 'new "pass"')).toBe(written('"new \\"pass\\""'));
  });

  it('is followed by the connection strings that held the old one, and by no other', () => {
    const secret = (password: string, encoded: string) =>
      JSON.stringify({
        username: 'app',
        password,
        DATABASE_URL: `postgres://app:${encoded}@db.example.com:5432/orders?sslmode=require`,
        OTHER_URL: 'postgres://somebody:else@db.example.com/orders',
        note: 'the password is old-pass',
      });
    expect(replaced(secret('old-pass', 'old-pass'), 'password', 'p@ss/w:rd')).toBe(
      secret('p@ss/w:rd', 'p%40ss%2Fw%3Ard'),
    );
  });

  it('goes to the field that is asked for, whatever it is called', () => {
    expect(replaced('{"password":"a-password","token":"a-token"}', 'token', 'next')).toBe(
      '{"password":"a-password","token":"next"}',
    );
  });

  it('of any characters arrives as it is, in its field and in a URL beside it', () => {
    const words = fc.string({ minLength: 1, unit: 'grapheme' });
    fc.assert(
      fc.property(words, words, words, (username, old, next) => {
        const url = `postgres://${encodeURIComponent(username)}:${encodeURIComponent(old)}@db/orders`;
        const after: unknown = JSON.parse(replaced(JSON.stringify({ url, username, password: old }), 'password', next));
        expect(after).toMatchObject({ username, password: next });
        const followed = new URL(String(Reflect.get(Object(after), 'url')));
        expect(decodeURIComponent(followed.password)).toBe(next);
        expect(decodeURIComponent(followed.username)).toBe(username);
      }),
    );
  });

  it.each(['{"password":""}', '{"password":7}', '{"other":"x"}'])('has no place in %s', (text) => {
    expect(() => replaced(text, 'password', 'next')).toThrow(
      expect.objectContaining({ name: 'InvalidSecret', message: expect.stringContaining('"password"') }),
    );
  });
});
