import type { Declaration, DeclaredEnvironment, DeclaredSecret, PowerfulSecret } from './declaration.ts';
import { NAMING_PRESETS, type NameParts, nameBy, prefixBy } from './naming.ts';
import type { Path } from './problem.ts';
import { rdsCalls } from './rds-calls.ts';
import type { Recordable } from './record.ts';
import { rotationRules } from './schedule.ts';
import type { EnvironmentText, SecretsFile, SecretText } from './schema.ts';
import { type Shape, shapeOf, writtenOut } from './shape.ts';

/** What a file asks for that nothing is wrong with: `checks.ts` has looked before. */
export function declare(file: SecretsFile): Declaration {
  return {
    project: file.project,
    functions: file.functions ?? {},
    monitoring: { emails: file.monitoring?.emails ?? [], trail: file.monitoring?.trail ?? 'existing' },
    environments: Object.entries(file.environments).map(([name, environment]) =>
      declareEnvironment(file, name, environment),
    ),
  };
}

export function patternOf({ naming = 'path' }: SecretsFile): string {
  return Object.hasOwn(NAMING_PRESETS, naming) ? (NAMING_PRESETS[naming] ?? naming) : naming;
}

/** The secrets of the file, each with where it stands. */
export function* secretsOf(file: SecretsFile) {
  for (const [group, { secrets }] of Object.entries(file.groups)) {
    for (const [label, secret] of Object.entries(secrets)) {
      yield { group, label, id: `${group}/${label}`, secret, path: ['groups', group, 'secrets', label] };
    }
  }
}

export function nameOf(file: SecretsFile, environment: string, id: string): string | undefined {
  const parts = partsOf(file, environment, id);
  return parts && nameBy(patternOf(file), parts);
}

function partsOf(file: SecretsFile, environment: string, id: string): NameParts | undefined {
  for (const { group, label, secret, ...found } of secretsOf(file)) {
    if (found.id !== id) continue;
    return { ...shared(file, environment), group, path: secret.path ?? group, name: secret.name ?? label };
  }
  return undefined;
}

/** The secret that `GROUP/NAME` stands for. */
export function secretBy(file: SecretsFile, id: string | undefined): SecretText | undefined {
  return [...secretsOf(file)].find((found) => found.id === id)?.secret;
}

export const isIn = (environment: string, { environments }: SecretText): boolean =>
  environments === undefined || environments.includes(environment);

export const isArn = (reference: string): boolean => reference.startsWith('arn:');

const shared = (file: SecretsFile, environment: string) => ({
  project: file.project,
  context: file.context ?? file.project,
  environment,
});

function declareEnvironment(file: SecretsFile, name: string, environment: EnvironmentText): DeclaredEnvironment {
  const { account, region, key, operators, network } = environment;
  return {
    name,
    account,
    region,
    keyArn: key,
    operators,
    network,
    namePrefix: prefixBy(patternOf(file), shared(file, name)),
    secrets: [...secretsOf(file)]
      .filter(({ secret }) => isIn(name, secret))
      .map((found) => declareSecret(file, name, environment, found)),
  };
}

type Found = ReturnType<typeof secretsOf> extends Generator<infer F> ? F : never;

function declareSecret(
  file: SecretsFile,
  environmentName: string,
  environment: EnvironmentText,
  { group, id, secret, path }: Found,
): DeclaredSecret {
  const { kind, rotation, generate, filled, user } = secret;
  const awaitsValue = generate === undefined && !filled;
  const powerful = powerfulSecret(file, environmentName, secret);
  const parts = partsOf(file, environmentName, id);
  const description = secret.description ?? file.groups[group]?.description;
  return {
    path,
    name: nameOf(file, environmentName, id) ?? '',
    description: parts && description && nameBy(description, parts),
    kind,
    ...recordedParts(file, environmentName, id, secret),
    powerful,
    keyArn: secret.key,
    replicas: secret.replicas ?? environment.replicas ?? {},
    tags: { ...file.tags, ...environment.tags, ...file.groups[group]?.tags, ...secret.tags, ...settingTags(secret) },
    rotation:
      kind === undefined || awaitsValue
        ? undefined
        : { rules: rotationRules(rotation ?? {}), immediately: rotation?.immediately ?? false },
    awaitsValue,
    rdsCalls: rdsCalls(secret, secretBy(file, secret.superuser)),
    user: user === undefined ? undefined : { arn: user, dedicated: secret.dedicated ?? false },
  };
}

/** Where values stand that somebody has looked at and says that they are no secrets. */
export function plainFields(file: SecretsFile): readonly Path[] {
  return [...secretsOf(file)].flatMap(({ secret, path }) =>
    (secret.plain ?? []).map((field) => [...path, 'json', field]),
  );
}

/** Each secret of each environment, as far as the record holds it. */
export function recordableSecrets(file: SecretsFile): readonly Recordable[] {
  return Object.keys(file.environments).flatMap((environment) =>
    [...secretsOf(file)]
      .filter(({ secret }) => isIn(environment, secret))
      .map(({ id, secret, path }) => ({
        key: `${environment} ${nameOf(file, environment, id)}`,
        environment,
        path,
        ...recordedParts(file, environment, id, secret),
      })),
  );
}

/** `{environment}` and the like are written out in values. A value that was recorded before that was so keeps them. */
function recordedParts(file: SecretsFile, environment: string, id: string, secret: SecretText) {
  const literalShape = shapeIn(file, environment, secret);
  const parts = partsOf(file, environment, id);
  const shape = typeof literalShape === 'string' || !parts ? literalShape : writtenOut(literalShape, parts);
  return { shape, literalShape, plain: secret.plain ?? [] };
}

function shapeIn(file: SecretsFile, environment: string, secret: SecretText): Shape {
  const powerful = powerfulSecret(file, environment, secret);
  return shapeOf(secret, powerful && ('arn' in powerful ? powerful.arn : powerful.name));
}

function powerfulSecret(file: SecretsFile, environment: string, secret: SecretText): PowerfulSecret | undefined {
  const reference = secret.superuser ?? secret.administrator;
  if (reference === undefined) return undefined;
  if (isArn(reference)) return { arn: reference, keyArn: secret.powerfulKey };
  return { name: nameOf(file, environment, reference) ?? '', keyArn: secretBy(file, reference)?.key };
}

function settingTags({ settings = {} }: SecretText): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([setting, value]) => [
      `rotation:${setting}`,
      Array.isArray(value) ? value.join(' ') : String(value),
    ]),
  );
}
