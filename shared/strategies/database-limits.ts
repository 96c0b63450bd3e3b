import type { Engine, Limits } from '../engines/engine.ts';
import { CandidateRefused, InvalidSetting } from '../errors.ts';
import { type PasswordPolicy, randomPassword } from '../secrets/password.ts';
import { passwordPolicy } from '../secrets/password-settings.ts';
import type { Sensitive } from '../secrets/sensitive.ts';
import { described, type Environment, environmentSetting, type Tags, tagSetting } from '../secrets/setting.ts';
import type { DatabaseSecret } from './database-secret.ts';

/** Whether the server keeps this user name apart from all others. */
export function nameFits(name: string, { userName }: Limits): boolean {
  return (userName.of === 'bytes' ? Buffer.byteLength(name) : [...name].length) <= userName.most;
}

/**
 * A new password for the user of this secret, as the settings say.
 *
 * @throws InvalidSetting if they are wrong, or make passwords longer than the server takes
 */
export function newPassword(
  engine: Engine,
  { limits }: DatabaseSecret<unknown>,
  tags: Tags,
  environment: Environment,
): Sensitive {
  const policy = passwordPolicy(tags, environment);
  const password = randomPassword(policy);
  const bytes = bytesOf(password);
  if (bytes <= limits.passwordBytes) return password;
  const setting = tagSetting(tags, 'rotation:length') ?? environmentSetting(environment, 'PASSWORD_LENGTH');
  const subject = setting
    ? `${described(setting)} is ${setting.text}`
    : 'the length of passwords is as it is unless set';
  throw new InvalidSetting(
    `${subject.charAt(0).toUpperCase()}${subject.slice(1)}: with the charset ${policy.shape} that makes passwords of ${bytes} bytes, and ${engine.name} takes at most ${limits.passwordBytes}. Nothing was changed. Set it to at most ${longestWithin(policy, limits.passwordBytes)}.${limits.otherwise}`,
  );
}

/**
 * For a candidate that may have been stored before there was a limit, or by hand.
 *
 * @throws CandidateRefused if the server does not take its password; nothing may have been changed yet
 */
export function refuseTooLong(engine: Engine, candidate: DatabaseSecret<{ readonly password: Sensitive }>): void {
  const { limits, login } = candidate;
  const bytes = bytesOf(login.password);
  if (bytes <= limits.passwordBytes) return;
  throw new CandidateRefused(
    `The password of AWSPENDING has ${bytes} bytes, and ${engine.name} takes at most ${limits.passwordBytes}. Nothing was changed. Shorten the tag rotation:length or PASSWORD_LENGTH, then rotate again.${limits.otherwise}`,
  );
}

/** The settings count characters, or bytes before they are encoded. */
function longestWithin({ shape }: PasswordPolicy, bytes: number): number {
  if (shape === 'hex') return Math.floor(bytes / 2);
  if (shape === 'base64') return Math.floor(bytes / 4) * 3;
  return shape === 'base64url' ? Math.floor((bytes * 3) / 4) : bytes;
}

function bytesOf(password: Sensitive): number {
  return Buffer.byteLength(password.reveal());
}
