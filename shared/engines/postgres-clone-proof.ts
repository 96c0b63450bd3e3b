import { AlternateRefused, LoginRefused } from '../errors.ts';
import type { Claim, UserPair } from './alternating-engine.ts';
import type { DatabaseLogin, TimeLimit } from './engine.ts';
import { connectPostgres } from './postgres-connection.ts';
import { isUnused, type PairFacts } from './postgres-role-facts.ts';

/**
 * A member of the first user alone need not be its clone: it may be a person. What is changed of it is its password, so
 * something has to show that it is the secret's.
 *
 * - It is current, and AWSCURRENT has logged in as it. That the first user may be let in then is shown by the membership:
 *   only who administers the first user can have granted it, and it lets the clone act as the first user anyway.
 * - Its comment carries the secret's mark. Only who may set its password as well can have written that: the role itself
 *   cannot (https://www.postgresql.org/docs/current/sql-comment.html).
 * - It cannot log in, holds nothing, not even the first user's rights, and has no members that would get them.
 * - AWSPREVIOUS logs in as it, as after a rotation by the AWS template.
 * - The deployer says so.
 *
 * @throws AlternateRefused otherwise
 */
export async function requireOwnClone(
  { clone }: PairFacts,
  pair: UserPair,
  user: string,
  claim: Claim,
  limit: TimeLimit,
): Promise<void> {
  if (!clone.exists || user === pair.first || clone.comment.includes(markOf(claim))) return;
  if (isUnused(clone)) return;
  const previous = await claim.previous();
  if (previous && (await logsIn(previous, limit))) return;
  if (await claim.adopts()) return;
  throw new AlternateRefused(
    `Role ${pair.clone} exists, and nothing shows that it is this secret's: AWSPREVIOUS does not log in as it, no rotation of this secret has let it in, and it is not a role that holds nothing and cannot log in. Nothing was changed. If it shall take turns with ${pair.first}, ${claim.toAdopt} If it is somebody else's, give the first user another name. If it is not needed, drop it: the rotation makes it anew.`,
  );
}

/** The clone's comment with the mark behind what people have written. */
export function markedComment({ clone }: PairFacts, claim: Claim): string {
  return [clone.comment.replace(MARK, '').trimEnd(), markOf(claim)].filter((part) => part !== '').join(' ');
}

const MARK = /\[secret-rotation [0-9a-f]+\]/g;

function markOf({ mark }: Claim): string {
  return `[secret-rotation ${mark}]`;
}

async function logsIn(login: DatabaseLogin, limit: TimeLimit): Promise<boolean> {
  try {
    const connection = await connectPostgres(login, limit);
    await connection.close();
    return connection.passwordAsked;
  } catch (error) {
    if (error instanceof LoginRefused) return false;
    throw error;
  }
}
