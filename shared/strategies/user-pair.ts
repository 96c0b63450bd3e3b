import type { UserPair } from '../engines/alternating-engine.ts';
import type { Limits } from '../engines/engine.ts';
import { InvalidSecret, InvalidSetting } from '../errors.ts';
import { nameFits } from './database-limits.ts';

/** As the AWS-provided rotation templates name the second user. */
const CLONE_SUFFIX = '_clone';

export const FIRST_USER_TAG = 'rotation:first-user';

/**
 * The pair that the current user belongs to. A name that ends in `_clone` is taken for a clone, unless the tag says that
 * it is the first user's own.
 *
 * @throws InvalidSetting if the tag names neither of the two
 * @throws InvalidSecret if the clone's name would be too long for the server
 */
export function pairOf(current: string, firstUserTag: string | undefined, limits: Limits): UserPair {
  const first = firstUserTag ?? (current.endsWith(CLONE_SUFFIX) ? current.slice(0, -CLONE_SUFFIX.length) : current);
  const pair = { first, clone: `${first}${CLONE_SUFFIX}` };
  if (current !== pair.first && current !== pair.clone) {
    throw new InvalidSetting(
      `The tag ${FIRST_USER_TAG} is "${firstUserTag}", and the secret's user "${current}" is neither that nor "${pair.clone}". Correct the tag or remove it.`,
    );
  }
  if (first === '' || !nameFits(pair.clone, limits)) {
    throw new InvalidSecret(
      `Field "username" leaves no room for a second user: "${pair.clone}" must have a name before its ending, and at most ${limits.userName.most} ${limits.userName.of}. Nothing was changed. Rename the first user, at the server and in the secret.${limits.otherwise}`,
    );
  }
  return pair;
}

/** The pair that two users form; @throws InvalidSecret if they are not each other's alternate */
export function pairFormedBy(current: string, candidate: string): UserPair {
  const first = current.length < candidate.length ? current : candidate;
  const pair = { first, clone: `${first}${CLONE_SUFFIX}` };
  if (current === candidate || ![current, candidate].includes(pair.clone)) {
    throw new InvalidSecret(
      `AWSPENDING is for user "${candidate}", which is not the alternate of "${current}" in AWSCURRENT. Nothing was changed. Take AWSPENDING off that version, then rotate again.`,
    );
  }
  return pair;
}

export function otherOf({ first, clone }: UserPair, user: string): string {
  return user === first ? clone : first;
}
