import { InvalidSetting } from '../errors.ts';
import type { KnownSettings } from './known-settings.ts';
import { chooseOf, nearest } from './nearest.ts';

const PREFIX = 'rotation:';
/** Two letters that changed places are two edits. */
const SLIP = 2;

/**
 * A setting that is misspelt, or that this kind of rotation does not have, must not pass in silence. Of variables only those are known to be meant for
 * this function that nearly have the name of one.
 *
 * @throws InvalidSetting that names the setting, and the one that was probably meant
 */
export function refuseUnknownSettings(
  tags: ReadonlyMap<string, string>,
  environment: Readonly<Record<string, string | undefined>>,
  { tags: names, variables }: KnownSettings,
): void {
  const known = names.map((name) => `${PREFIX}${name}`);
  for (const tag of tags.keys()) {
    if (!tag.toLowerCase().startsWith(PREFIX) || known.includes(tag)) continue;
    throw new InvalidSetting(
      `The tag ${tag} is not a setting of this function: ${chooseOf(tag, known)} Correct the tag or remove it.`,
    );
  }
  for (const variable of Object.keys(environment)) {
    const meant = variables.includes(variable) ? undefined : nearest(variable, variables, () => SLIP);
    if (meant === undefined) continue;
    throw new InvalidSetting(
      `The environment variable ${variable} is not a setting of this function: did you mean "${meant}"? Correct or remove it.`,
    );
  }
}
