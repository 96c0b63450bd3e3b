import { KINDS } from '../kinds.ts';
import { isArn, isIn, nameOf, secretsOf } from './declare.ts';
import type { Finding } from './problem.ts';
import type { SecretsFile, SecretText } from './schema.ts';

/**
 * All policies of a role may have 10,240 characters: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 * The statements that do not grow take up to 3,000 of them.
 */
const ROOM = 7_000;
/** What an ARN has besides the name of a secret, with the quotes and the comma around it. */
const ARN_CHARACTERS = 90;
/** Lambda takes 4 kB of environment; the rest is for other variables. */
const ROOM_FOR_USERS = 3_000;

/** Superusers and IAM users are granted one by one, and a role has room for some dozens. */
export function roomInRoles(file: SecretsFile): readonly Finding[] {
  return Object.keys(file.environments).flatMap((environment) =>
    Object.keys(KINDS).flatMap((kind) => {
      const secrets = [...secretsOf(file)].filter(({ secret }) => secret.kind === kind && isIn(environment, secret));
      const powerful = new Set(secrets.flatMap(({ secret }) => secret.superuser ?? secret.administrator ?? []));
      const users = new Set(secrets.flatMap(({ secret }) => secret.user ?? []));
      const dedicated = new Set(secrets.flatMap(({ secret }) => (secret.dedicated && secret.user) || []));
      const granted = [...powerful]
        .map((id) => arnLength(file, environment, id))
        .concat([...users].map(({ length }) => length + 3));
      if (sum(granted) <= ROOM && sum([...dedicated].map(({ length }) => length + 1)) <= ROOM_FOR_USERS) return [];
      return [
        {
          path: ['environments', environment],
          says: `gives ${kind} ${granted.length} superusers, administrators or users, more than its role or its environment has room for. Move some of its secrets into an environment of their own.`,
        },
      ];
    }),
  );
}

const arnLength = (file: SecretsFile, environment: string, id: NonNullable<SecretText['superuser']>): number =>
  isArn(id) ? id.length + 3 : (nameOf(file, environment, id) ?? '').length + ARN_CHARACTERS;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
