import { GetRandomPasswordCommand, type GetRandomPasswordCommandInput } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { refusal, startService } from './service.ts';

async function drawing() {
  const { client } = await startService();
  return async (input: GetRandomPasswordCommandInput = {}) =>
    (await client.send(new GetRandomPasswordCommand(input))).RandomPassword ?? '';
}

describe('GetRandomPassword', () => {
  it('draws 32 characters with every type among them', async () => {
    const draw = await drawing();
    const password = await draw();
    expect(password).toHaveLength(32);
    for (const type of [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9 ]/]) expect(password).toMatch(type);
    expect(await draw()).not.toBe(password);
  });

  it.each<[string, GetRandomPasswordCommandInput, RegExp]>([
    ['numbers', { ExcludeNumbers: true }, /^[^0-9]{200}$/],
    ['punctuation', { ExcludePunctuation: true }, /^[a-zA-Z0-9]{200}$/],
    ['uppercase letters', { ExcludeUppercase: true }, /^[^A-Z]{200}$/],
    ['lowercase letters', { ExcludeLowercase: true }, /^[^a-z]{200}$/],
    ['single characters', { ExcludeCharacters: 'abc/@"' }, /^[^abc/@"]{200}$/],
  ])('excludes %s', async (_, input, expected) => {
    const draw = await drawing();
    expect(await draw({ PasswordLength: 200, ...input })).toMatch(expected);
  });

  it('has a space only when asked', async () => {
    const draw = await drawing();
    expect(await draw({ PasswordLength: 2000 })).not.toContain(' ');
    expect(await draw({ PasswordLength: 2000, IncludeSpace: true })).toContain(' ');
  });

  it('has every type even where there is room for no more', async () => {
    const draw = await drawing();
    const password = await draw({ PasswordLength: 4 });
    for (const type of [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/]) expect(password).toMatch(type);
  });

  it('refuses a length without room for every type, unless that is not required', async () => {
    const draw = await drawing();
    expect(await refusal(draw({ PasswordLength: 3 }))).toMatchObject({ code: 'InvalidParameterException' });
    expect(await draw({ PasswordLength: 3, RequireEachIncludedType: false })).toHaveLength(3);
  });

  it('refuses exclusions that leave nothing', async () => {
    const draw = await drawing();
    const nothing = { ExcludeNumbers: true, ExcludePunctuation: true, ExcludeUppercase: true, ExcludeLowercase: true };
    expect(await refusal(draw(nothing))).toMatchObject({ code: 'InvalidParameterException' });
  });

  it('draws 1 to 4096 characters', async () => {
    const draw = await drawing();
    expect(await draw({ PasswordLength: 4096 })).toHaveLength(4096);
    expect(await draw({ PasswordLength: 1, RequireEachIncludedType: false })).toHaveLength(1);
    for (const PasswordLength of [0, 4097]) {
      expect(await refusal(draw({ PasswordLength }))).toMatchObject({ code: 'ValidationException' });
    }
  });
});
