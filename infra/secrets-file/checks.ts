import { functionSettings } from './check-functions.ts';
import { duplicateNames, namesThatAreRefused } from './check-names.ts';
import { otherPlaces } from './check-places.ts';
import { powerfulSecrets } from './check-powerful.ts';
import { roomInRoles } from './check-room.ts';
import { secretByItself } from './check-secret.ts';
import { secretsOf } from './declare.ts';
import type { Finding } from './problem.ts';
import type { SecretsFile } from './schema.ts';

/** Everything that one part of the file means for another. Each check tells all that it finds. */
export function checks(file: SecretsFile): readonly Finding[] {
  return [
    ...functionSettings(file),
    ...namesThatAreRefused(file),
    ...duplicateNames(file),
    ...powerfulSecrets(file),
    ...otherPlaces(file),
    ...roomInRoles(file),
    ...[...secretsOf(file)].flatMap(({ secret, path }) => secretByItself(file, secret, path)),
  ];
}
