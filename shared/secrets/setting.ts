import { InvalidSetting } from '../errors.ts';

export type Tags = ReadonlyMap<string, string>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting as it was written, and where. */
export interface Setting {
  readonly from: 'tag' | 'environment';
  readonly name: string;
  readonly text: string;
}

export function tagSetting(tags: Tags, name: string): Setting | undefined {
  const text = tags.get(name);
  return text === undefined ? undefined : { from: 'tag', name, text };
}

export function environmentSetting(environment: Environment, name: string): Setting | undefined {
  const text = environment[name];
  return text === undefined ? undefined : { from: 'environment', name, text };
}

export function described({ from, name }: Setting): string {
  return from === 'tag' ? `the tag ${name}` : `the environment variable ${name}`;
}

/** `problem` follows the setting's name and value; it ends in what is accepted. */
export function invalid(setting: Setting, problem: string): InvalidSetting {
  const subject = described(setting);
  return new InvalidSetting(
    `${subject.charAt(0).toUpperCase()}${subject.slice(1)} is ${JSON.stringify(setting.text)}: ${problem}`,
  );
}

export function wholeNumber(setting: Setting, least: number, most: number): number {
  const number = /^[0-9]{1,9}$/.test(setting.text) ? Number(setting.text) : Number.NaN;
  if (!(number >= least && number <= most)) {
    throw invalid(setting, `it must be a whole number from ${least} to ${most}.`);
  }
  return number;
}

export function oneOf<T extends string>(setting: Setting, accepted: readonly T[]): T {
  const found = accepted.find((value) => value === setting.text);
  if (found === undefined) {
    throw invalid(setting, `it must be one of ${accepted.join(', ')}.`);
  }
  return found;
}

/**
 * The AWS-provided rotation templates (`get_environment_bool`) read true, 1, y and yes in any case as true, and all else
 * as false. Their true values are accepted here, with the opposites; anything else is an error, since a misspelt
 * "ture" must not switch a requirement off.
 */
export function truth(setting: Setting): boolean {
  const text = setting.text.toLowerCase();
  if (['true', '1', 'y', 'yes'].includes(text)) {
    return true;
  }
  if (['false', '0', 'n', 'no'].includes(text)) {
    return false;
  }
  throw invalid(setting, 'it must be true, 1, y or yes, or else false, 0, n or no.');
}
