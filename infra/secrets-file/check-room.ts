import { KINDS } from '../kinds.ts';
import { isArn, isIn, nameOf, secretBy, secretsOf } from './declare.ts';
import type { Finding } from './problem.ts';
import type { SecretsFile, SecretText } from './schema.ts';

/**
 * All policies of a role may have 10,240 characters: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 * The statements that do not grow take up to 3,000 of them.
 */
const ROOM = 7_000;
/** What an ARN of a secret has besides its name, in the partition and the Region with the longest names. */
const LONGEST_ARN = 'arn:aws-us-gov:secretsmanager:ap-southeast-1:111122223333:secret:-??????';
/** Lambda takes 4 kB of environment; the rest is for other variables. */
const ROOM_FOR_USERS = 3_000;

/** Superusers, IAM users and keys of secrets are granted one by one, and a role has room for some dozens. */
export function roomInRoles(file: SecretsFile): readonly Finding[] {
  return Object.keys(file.environments).flatMap((environment) =>
    Object.keys(KINDS).flatMap((kind) => {
      const secrets = [...secretsOf(file)]
        .map(({ secret }) => secret)
        .filter((secret) => secret.kind === kind && isIn(environment, secret));
      const granted = [
        ...distinct(secrets, ({ user }) => user),
        ...distinct(secrets, ({ key }) => key),
        ...grantedPowerful(file, environment, secrets),
      ];
      const dedicated = distinct(secrets, ({ dedicated: alone, user }) => (alone ? user : undefined));
      if (characters(granted) <= ROOM && characters(dedicated) <= ROOM_FOR_USERS) return [];
      return [
        {
          path: ['environments', environment],
          says: `gives ${kind} ${granted.length} superusers, administrators, users or keys, more than its role or its environment has room for. Move some of its secrets into an environment of their own.`,
        },
      ];
    }),
  );
}

/** Each once to be read; with a key of its own, or beside such keys, the key and once more to be decrypted. */
function grantedPowerful(file: SecretsFile, environment: string, secrets: readonly SecretText[]): readonly string[] {
  const keysApart = secrets.some(({ key }) => key !== undefined);
  return distinct(secrets, ({ superuser, administrator }) => superuser ?? administrator).flatMap((id) => {
    const arn = isArn(id) ? id : `${LONGEST_ARN}${nameOf(file, environment, id)}`;
    const users = secrets.filter(({ superuser, administrator }) => (superuser ?? administrator) === id);
    const key = isArn(id) ? users.find(({ powerfulKey }) => powerfulKey)?.powerfulKey : secretBy(file, id)?.key;
    return key !== undefined || keysApart ? [arn, arn, key ?? ''] : [arn];
  });
}

function distinct(secrets: readonly SecretText[], of: (secret: SecretText) => string | undefined): readonly string[] {
  return [...new Set(secrets.flatMap((secret) => of(secret) ?? []))];
}

/** With the quotes and the comma around each. */
const characters = (texts: readonly string[]): number => texts.reduce((total, { length }) => total + length + 3, 0);
