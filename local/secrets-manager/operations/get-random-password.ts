import { randomInt } from 'node:crypto';
import * as z from 'zod';
import { invalidParameter } from '../errors.ts';
import * as field from '../input.ts';
import { operation } from './operation.ts';

const input = z.object({
  PasswordLength: z.int().min(1).max(4096).optional(),
  ExcludeCharacters: field.text(0, 4096).optional(),
  ExcludeNumbers: z.boolean().optional(),
  ExcludePunctuation: z.boolean().optional(),
  ExcludeUppercase: z.boolean().optional(),
  ExcludeLowercase: z.boolean().optional(),
  IncludeSpace: z.boolean().optional(),
  RequireEachIncludedType: z.boolean().optional(),
});

const punctuation = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

export const getRandomPassword = operation(input, (request) => {
  const length = request.PasswordLength ?? 32;
  const types = [
    request.ExcludeLowercase ? '' : 'abcdefghijklmnopqrstuvwxyz',
    request.ExcludeUppercase ? '' : 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    request.ExcludeNumbers ? '' : '0123456789',
    request.ExcludePunctuation ? '' : punctuation,
    request.IncludeSpace ? ' ' : '',
  ]
    .map((letters) => [...letters].filter((letter) => !request.ExcludeCharacters?.includes(letter)))
    .filter((letters) => letters.length > 0);
  const required = request.RequireEachIncludedType === false ? [] : types;
  // The two refusals are documented, their texts unverified.
  if (types.length === 0) throw invalidParameter('The exclusions leave no character for the password.');
  if (length < required.length) {
    throw invalidParameter(
      `A password of ${length} characters can not hold each of the ${required.length} included types.`,
    );
  }
  return { RandomPassword: draw(types.flat(), required, length) };
});

/** Draws until every required type is there: unlike planting one of each, that leaves all valid passwords equally likely. */
function draw(letters: readonly string[], required: readonly (readonly string[])[], length: number): string {
  for (;;) {
    const password = Array.from({ length }, () => letters[randomInt(letters.length)]).join('');
    if (required.every((type) => type.some((letter) => password.includes(letter)))) return password;
  }
}
