import { chooseOf } from '../../shared/settings/nearest.ts';
import { isIn, nameOf, patternOf, secretsOf } from './declare.ts';
import { NAMING_PRESETS, PLACEHOLDERS, refusedName, unknownPlaceholders } from './naming.ts';
import type { Finding } from './problem.ts';
import type { SecretsFile } from './schema.ts';

export function namesThatAreRefused(file: SecretsFile): readonly Finding[] {
  const unknown = unknownPlaceholders(patternOf(file));
  if (unknown.length > 0) {
    return unknown.map((name) => ({
      path: ['naming'],
      says: `{${name}} stands for nothing: ${chooseOf(name, PLACEHOLDERS)}`,
    }));
  }
  if (file.naming !== undefined && !Object.hasOwn(NAMING_PRESETS, file.naming) && !file.naming.includes('{')) {
    return [
      {
        path: ['naming'],
        says: `is no pattern with {…} and no preset: ${chooseOf(file.naming, Object.keys(NAMING_PRESETS))}`,
      },
    ];
  }
  return [...named(file)].flatMap(({ name, path }) => {
    const refused = refusedName(name);
    return refused === undefined
      ? []
      : [{ path, says: `its name ${JSON.stringify(name)} ${refused}. Change it, or "naming".` }];
  });
}

/** Two environments may have the same names only where their account or Region differs. */
export function duplicateNames(file: SecretsFile): readonly Finding[] {
  const first = new Map<string, string>();
  const findings: Finding[] = [];
  for (const { environment, id, name, path } of named(file)) {
    const { account, region } = file.environments[environment] ?? {};
    const place = JSON.stringify([account, region, name]);
    const other = first.get(place);
    if (other === undefined) first.set(place, `${id} in ${environment}`);
    else {
      findings.push({
        path,
        says: `has the name ${JSON.stringify(name)} in ${environment}, as ${other} has. Rename one, or put what differs into "naming".`,
      });
    }
  }
  return findings;
}

function* named(file: SecretsFile) {
  for (const environment of Object.keys(file.environments)) {
    for (const { id, secret, path } of secretsOf(file)) {
      if (!isIn(environment, secret)) continue;
      yield { environment, id, path, name: nameOf(file, environment, id) ?? '' };
    }
  }
}
