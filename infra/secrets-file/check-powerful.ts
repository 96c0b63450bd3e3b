import { chooseOf } from '../../shared/settings/nearest.ts';
import { kindOf } from '../kinds.ts';
import { isArn, isIn, secretBy, secretsOf } from './declare.ts';
import { endsLikeAnArn } from './naming.ts';
import type { Finding, Path } from './problem.ts';
import type { SecretsFile, SecretText } from './schema.ts';

const SECRET_ARN = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9\-/_+=.@!]+-[A-Za-z0-9]{6}$/;

/** Superusers and administrators: each that is named must be there, and none may depend on itself. */
export function powerfulSecrets(file: SecretsFile): readonly Finding[] {
  return [...secretsOf(file)].flatMap(({ id, label, secret, path }) => {
    const found = [...keysThatFit(secret, path), ...reference(file, secret, path)];
    const cycle = cycleFrom(file, id);
    if (cycle) {
      found.push({
        path: [...path, 'superuser'],
        says: `each of ${cycle.join(' → ')} would need the other to rotate. Let one of them be rotated by a single-user kind.`,
      });
    }
    if (isNamedByOthers(file, id) && endsLikeAnArn(secret.name ?? label)) {
      found.push({
        path,
        says: 'ends like an ARN, in a hyphen and six letters, so its name could be mistaken. Rename it.',
      });
    }
    return found;
  });
}

function keysThatFit({ kind, superuser, administrator, powerfulKey }: SecretText, path: Path): Finding[] {
  const wanted = kindOf(kind)?.powerful;
  const found: Finding[] = [];
  for (const [key, value] of Object.entries({ superuser, administrator })) {
    if (value !== undefined && wanted?.key !== key) {
      found.push({
        path: [...path, key],
        says: `is of no use to ${kind ?? 'a secret without a kind'}. Remove it, or change the kind.`,
      });
    }
    if (value === undefined && wanted?.key === key && wanted.required) {
      found.push({ path, says: `needs "${key}": the secret of whoever does the work, as GROUP/NAME or as an ARN.` });
    }
  }
  if (powerfulKey !== undefined && !isArn(superuser ?? administrator ?? '')) {
    found.push({ path: [...path, 'powerfulKey'], says: 'is for a secret that is named by its ARN. Remove it.' });
  }
  return found;
}

function reference(file: SecretsFile, secret: SecretText, path: Path): Finding[] {
  const key = secret.superuser === undefined ? 'administrator' : 'superuser';
  const named = secret[key];
  if (named === undefined) return [];
  const at = [...path, key];
  if (isArn(named)) {
    return SECRET_ARN.test(named)
      ? []
      : [{ path: at, says: 'must be the whole ARN of a secret, with its last six letters.' }];
  }
  const other = secretBy(file, named);
  if (other === undefined) {
    const known = [...secretsOf(file)].filter((found) => found.secret !== secret).map(({ id }) => id);
    return [
      {
        path: at,
        says: `${JSON.stringify(named)} is not declared in this file. Declare it or give its ARN; ${chooseOf(named, known)}`,
      },
    ];
  }
  const absent = Object.keys(file.environments).filter((name) => isIn(name, secret) && !isIn(name, other));
  return absent.length === 0
    ? []
    : [{ path: at, says: `${named} does not exist in ${absent.join(', ')}. Add that to its "environments".` }];
}

function cycleFrom(file: SecretsFile, id: string): readonly string[] | undefined {
  const chain = [id];
  for (let at = secretBy(file, id); at?.superuser !== undefined; at = secretBy(file, at.superuser)) {
    if (at.superuser === id) return [...chain, id];
    if (chain.includes(at.superuser)) return undefined;
    chain.push(at.superuser);
  }
  return undefined;
}

function isNamedByOthers(file: SecretsFile, id: string): boolean {
  return [...secretsOf(file)].some(({ secret }) => [secret.superuser, secret.administrator].includes(id));
}
