import { isDeepStrictEqual } from 'node:util';
import { AdministratorRefused, InvalidSecret } from '../errors.ts';
import { type Fields, isRecord } from './record.ts';

/**
 * A secret with an administrator's credential. `serves` has, by the ARN of each secret that may have keys made, the
 * `targets` that it may choose from, by name, and whether all keys of these targets are that secret's (`dedicated`).
 */
export interface AdministratorSecret {
  readonly fields: Fields;
  readonly serves: Fields;
}

export interface AllowedTarget {
  readonly target: Fields;
  readonly dedicated: boolean;
}

/**
 * The target that the secret chose, or the only one there is; `{}` where none is listed.
 *
 * @throws InvalidSecret that names the field; AdministratorRefused if the choice is not allowed
 */
export function targetOf({ serves }: AdministratorSecret, arn: string, chosen: string | undefined): AllowedTarget {
  const { targets, dedicated } = entryOf(serves, arn);
  const names = Object.keys(targets);
  if (chosen === undefined && names.length > 1) {
    throw new InvalidSecret(`Field "target" of ${arn} must choose one of ${names.join(', ')}. Add it to that secret.`);
  }
  const name = chosen ?? names[0];
  const target = name === undefined ? {} : Object.hasOwn(targets, name) ? targets[name] : undefined;
  if (target === undefined) {
    throw new AdministratorRefused(
      `${arn} asks for a target that it is not allowed. Nothing was asked of the issuer. Correct its field "target", or have the target added to "serves.${arn}.targets" of the administrator's secret.`,
    );
  }
  if (dedicated) requireAlone(serves, arn, target);
  return { target, dedicated };
}

function entryOf(serves: Fields, arn: string) {
  const entry = serves[arn];
  const { targets = {}, dedicated = false, ...unknown } = isRecord(entry) ? entry : { wrong: entry };
  const where = `serves.${arn}`;
  if (Object.keys(unknown).length > 0 || typeof dedicated !== 'boolean' || !isRecord(targets)) {
    throw new InvalidSecret(
      `Field "${where}" must be an object such as {"targets": {"production": {…}}, "dedicated": true}, or {}. Correct it.`,
    );
  }
  const read = Object.entries(targets).map(([name, target]) => {
    if (isRecord(target)) return [name, target] as const;
    throw new InvalidSecret(`Field "${where}.targets.${name}" must be an object with the target's fields. Correct it.`);
  });
  return { targets: Object.fromEntries(read), dedicated };
}

function targetsOf(serves: Fields, arn: string): readonly object[] {
  const listed = Object.values(entryOf(serves, arn).targets);
  return listed.length === 0 ? [{}] : listed;
}

/** Two secrets would end each other's keys. */
function requireAlone(serves: Fields, arn: string, target: object): void {
  for (const other of Object.keys(serves)) {
    if (other === arn || !targetsOf(serves, other).some((theirs) => isDeepStrictEqual(theirs, target))) continue;
    throw new InvalidSecret(
      `Field "serves.${arn}.dedicated" says that all keys of a target are that secret's, and ${other} has the same target. Take it from one of the two.`,
    );
  }
}
