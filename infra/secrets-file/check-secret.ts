import { InvalidSchedule } from '../../shared/schedule/invalid-schedule.ts';
import { chooseOf } from '../../shared/settings/nearest.ts';
import { KINDS, kindOf } from '../kinds.ts';
import { isIn } from './declare.ts';
import type { Finding, Path } from './problem.ts';
import { rotationRules } from './schedule.ts';
import type { SecretsFile, SecretText } from './schema.ts';
import { filledSecretFields } from './secret-looking.ts';
import { WRITTEN_FIELDS } from './shape.ts';

/** The first values of a stack's secrets have to stay far below the template's limit of 1 MB. */
const LARGEST_JSON = 4096;

/** What can be wrong with one secret, whatever else is in the file; its superuser apart. */
export function secretByItself(file: SecretsFile, secret: SecretText, path: Path): readonly Finding[] {
  const at = (key: keyof SecretText, says: string): Finding => ({ path: [...path, key], says });
  return [
    ...kindIsKnown(secret, at),
    ...environmentsExist(file, secret, path),
    ...replicasElsewhere(file, secret, at),
    ...firstValue(secret, at, path),
    ...login(secret, at),
    ...rotation(secret, at),
  ];
}

type At = (key: keyof SecretText, says: string) => Finding;

function kindIsKnown(secret: SecretText, at: At): readonly Finding[] {
  const { kind, settings = {}, database, user, dedicated } = secret;
  const known = kindOf(kind);
  if (kind !== undefined && !known) {
    return [at('kind', `${JSON.stringify(kind)} is no kind of secret: ${chooseOf(kind, Object.keys(KINDS))}`)];
  }
  const who = kind ?? 'a secret without a kind';
  const found: Finding[] = [];
  const useless = Object.keys(settings).filter((setting) => !known?.settings.tags.some((other) => other === setting));
  if (useless.length > 0) found.push(at('settings', `${useless.join(', ')}: of no use to ${who}. Remove it.`));
  if (database !== undefined && !known?.database) found.push(at('database', `is of no use to ${who}. Remove it.`));
  if (database !== undefined && (database.instance === undefined) === (database.cluster === undefined)) {
    found.push(at('database', 'must name either an "instance" or a "cluster".'));
  }
  if (user !== undefined && !known?.iamUsers) found.push(at('user', `is of no use to ${who}. Remove it.`));
  if (user === undefined && known?.iamUsers) found.push(at('kind', `${kind} needs "user": the ARN of the IAM user.`));
  if (dedicated && user === undefined)
    found.push(at('dedicated', 'says something of a "user". Name it, or remove this.'));
  return found;
}

function environmentsExist(file: SecretsFile, { environments = [] }: SecretText, path: Path): readonly Finding[] {
  const known = Object.keys(file.environments);
  return environments.flatMap((name, index) =>
    known.includes(name)
      ? []
      : [
          {
            path: [...path, 'environments', index],
            says: `${JSON.stringify(name)} is no environment of this file: ${chooseOf(name, known)}`,
          },
        ],
  );
}

function replicasElsewhere(file: SecretsFile, secret: SecretText, at: At): readonly Finding[] {
  return Object.entries(file.environments).flatMap(([name, { region }]) =>
    region !== undefined && isIn(name, secret) && Object.hasOwn(secret.replicas ?? {}, region)
      ? [at('replicas', `${region} is the Region of the secret itself in ${name}. Remove it.`)]
      : [],
  );
}

function firstValue({ json, plain = [], generate, filled }: SecretText, at: At, path: Path): readonly Finding[] {
  const guarded = Object.fromEntries(Object.entries(json ?? {}).filter(([field]) => !plain.includes(field)));
  const found = [...filledSecretFields(guarded, [...path, 'json'])];
  const absent = plain.filter((field) => !Object.hasOwn(json ?? {}, field));
  if (absent.length > 0) found.push(at('plain', `names ${absent.join(', ')}, which "json" does not have. Remove it.`));
  for (const field of WRITTEN_FIELDS) {
    if (json && field in json)
      found.push(at('json', `"${field}" is written by "superuser", "administrator" or "database". Remove it.`));
  }
  if (json && JSON.stringify(json).length > LARGEST_JSON) {
    found.push(at('json', `is longer than ${LARGEST_JSON} characters. Leave the secret empty, and store its value.`));
  }
  const field = generate?.field;
  if (generate && (field === undefined) !== (json === undefined)) {
    found.push(
      at(
        'generate',
        field === undefined ? 'needs the "field" of "json" to generate.' : 'names a field, and there is no "json".',
      ),
    );
  }
  if (json && field !== undefined && field in json) {
    found.push(at('json', `has a value for "${field}", which "generate" makes. Remove it from one of the two.`));
  }
  if (filled && generate) found.push(at('filled', 'is for secrets that are made without a value. Remove it.'));
  return found;
}

/** What a login lacks that its function refuses, and what a later edit by hand may not notice. */
function login({ kind, json, generate, filled, database }: SecretText, at: At): readonly Finding[] {
  const engines = kindOf(kind)?.database;
  if (engines === undefined || json === undefined) return [];
  const fields = new Set([...Object.keys(json), ...(generate?.field === undefined ? [] : [generate.field])]);
  // A skeleton that somebody fills by hand may have as little as it likes; a password without a user is a slip all the same.
  const isWhole = generate !== undefined || filled === true;
  const needed = isWhole ? ['engine', 'username', 'password'] : fields.has('password') ? ['username'] : [];
  const missing = needed.filter((field) => !fields.has(field));
  if (isWhole && !fields.has('host') && database === undefined) missing.push('host');
  const { engine } = json;
  const wrong = typeof engine === 'string' && engine !== '' && !engines.includes(engine.toLowerCase());
  const found = [
    ...(missing.length === 0
      ? []
      : [at('json', `is no login for ${kind}: ${missing.join(', ')} missing. Add it, as a placeholder if need be.`)]),
    ...(wrong ? [at('json', `has an "engine" that ${kind} is not for: ${chooseOf(engine, engines)}`)] : []),
  ];
  return found.map((finding) => ({ ...finding, unlessRecorded: true }));
}

function rotation({ kind, rotation: wanted }: SecretText, at: At): readonly Finding[] {
  if (wanted === undefined) return [];
  if (kind === undefined) return [at('rotation', 'needs a "kind": the function that rotates the secret.')];
  try {
    rotationRules(wanted);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidSchedule)) throw error;
    return [at('rotation', `${error.message} (At least 4 hours apart, at most 1000 days; all times are UTC.)`)];
  }
}
