import { isArn, isIn, secretsOf } from './declare.ts';
import type { Finding, Path } from './problem.ts';
import type { EnvironmentText, SecretsFile } from './schema.ts';

/** Users, keys, secrets and zones of another account or Region than the environment's, where the file says which that is. */
export function otherPlaces(file: SecretsFile): readonly Finding[] {
  return Object.entries(file.environments).flatMap(([name, environment]) => [
    ...zones(name, environment),
    ...elsewhere(environment, name, 'Region', environment.key, ['environments', name, 'key']),
    ...[...secretsOf(file)].flatMap(({ secret, path }) => {
      if (!isIn(name, secret)) return [];
      const { user, key, superuser, administrator, powerfulKey } = secret;
      const arns = Object.entries({ key, superuser, administrator, powerfulKey });
      return [
        ...elsewhere(environment, name, 'account', user, [...path, 'user']),
        ...arns.flatMap(([label, arn]) => elsewhere(environment, name, 'Region', arn, [...path, label])),
      ];
    }),
  ]);
}

/** A function makes keys only for users of its own account, and asks Secrets Manager and KMS in its own Region. */
function elsewhere(
  { account, region }: EnvironmentText,
  name: string,
  what: 'account' | 'Region',
  arn: string | undefined,
  path: Path,
): readonly Finding[] {
  if (arn === undefined || !isArn(arn)) return [];
  const [, , , ofRegion, ofAccount] = arn.split(':');
  const [own, other] = what === 'account' ? [account, ofAccount] : [region, ofRegion];
  if (own === undefined || other === own) return [];
  return [{ path, says: `is of ${what} ${other}, and ${name} is of ${own}. Name one of the same ${what}.` }];
}

function zones(name: string, { region, network }: EnvironmentText): readonly Finding[] {
  const all = Object.keys(network?.subnets ?? {});
  const own = region ?? all[0]?.slice(0, -1);
  return all
    .filter((zone) => zone.slice(0, -1) !== own)
    .map((zone) => ({
      path: ['environments', name, 'network', 'subnets', zone],
      says: `is no zone of Region ${own}. Name subnets of one Region, that of the environment.`,
    }));
}
