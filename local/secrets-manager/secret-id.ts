import { randomInt } from 'node:crypto';
import { validationFailed } from './errors.ts';

const validName = /^[A-Za-z0-9\-/_+=.@!]+$/;
const arn = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:(.*)$/;
const suffixLetters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const invalidName = () =>
  validationFailed(
    'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
  );

/** @throws ValidationException with the text recorded from the real service */
export function requireValidName(name: string): void {
  if (!validName.test(name)) throw invalidName();
}

/** The name, or the name with its suffix, that an ARN ends in; a name is returned as it is. */
export function nameIn(secretId: string): string {
  const name = arn.exec(secretId)?.[1] ?? secretId;
  requireValidName(name);
  return name;
}

/** The six characters that end a secret's ARN, so that a secret created again is not the one that was deleted. */
export function randomArnSuffix(): string {
  return Array.from({ length: 6 }, () => suffixLetters[randomInt(suffixLetters.length)]).join('');
}
