import { AlternateRefused } from '../errors.ts';
import type { Sensitive } from '../secrets/sensitive.ts';
import type { Claim, UserPair } from './alternating-engine.ts';
import { differing } from './mysql-account-options.ts';
import type { StoredAccount } from './mysql-accounts.ts';
import { isHalfMade } from './mysql-dialects.ts';
import { type Grants, isNothing, sameGrants } from './mysql-grants.ts';
import { isStored } from './mysql-stored-passwords.ts';

/** An account with its rights. */
export interface Account extends StoredAccount {
  /** `undefined` if they are not understood. */
  readonly grants: Grants | undefined;
  /** MySQL's default roles, as a list; MariaDB tells its own among the grants. */
  readonly defaultRoles: string;
}

/** The accounts of a pair for one host. */
export interface PairAt {
  readonly first: Account;
  readonly clone: Account | undefined;
}

export interface Claimed {
  readonly firsts: readonly Account[];
  readonly clones: readonly Account[];
  readonly pair: UserPair;
  /** The one of the pair that is let in. */
  readonly user: string;
  readonly password: Sensitive;
  readonly claim: Claim;
}

/**
 * The accounts that may be acted upon, by host: the one that AWSCURRENT has logged in as, those of the same name that its
 * password opens as well, and their counterparts, each of which has to be shown to be the secret's too.
 *
 * - A staged password opens it: the server's verifier was made from that. So what the AWS templates made goes on working.
 * - It carries the secret's mark (MySQL). Besides those who may change any account only its own owner can have written
 *   that (`ALTER USER … IDENTIFIED BY … ATTRIBUTE`, seen on 9.7), who could let the secret in anyway.
 * - MariaDB keeps no mark. There the clone has to be what a rotation leaves: unlocked by somebody who may, which no
 *   account is that was never locked and which no owner can do, and with exactly the rights and options of the first user.
 *   An account that happens to be all that has nothing to gain or to lose but its password.
 * - It is a clone that cannot log in, and holds nothing, or is one that a rotation of this secret has begun to make.
 * - The deployer says so.
 *
 * @throws AlternateRefused otherwise
 */
export async function claimedPairs(claimed: Claimed): Promise<readonly PairAt[]> {
  const { firsts, clones, pair, user, claim } = claimed;
  requireFirst(claimed);
  const shown = shownBy(claimed);
  const own = currentAccounts(claimed);
  const at = (accounts: readonly Account[], host: string) => accounts.find((account) => account.host === host);

  const pairs: PairAt[] = [];
  if (user === pair.clone) {
    for (const first of own) pairs.push({ first, clone: at(clones, first.host) });
  } else {
    for (const clone of own) {
      const first = at(firsts, clone.host);
      if (first && !(await shown(first, clone, 'or adopted'))) throw unshown(first, claimed);
      if (first) pairs.push({ first, clone });
    }
    for (const first of firsts.filter(({ host }) => !at(own, host))) {
      const clone = at(clones, first.host);
      if (await shown(first, clone, claim.current ? 'by itself' : 'or adopted')) pairs.push({ first, clone });
    }
    if (pairs.length === 0) for (const first of firsts.slice(0, 1)) throw unshown(first, claimed);
  }
  refuseAlone(claimed, pairs);
  for (const { first, clone } of pairs) {
    if (!clone || own.includes(clone)) continue;
    if (clone.isRole || !(await shown(clone, first, 'or adopted'))) throw unshown(clone, claimed);
  }
  return pairs;
}

function requireFirst({ firsts, pair: { first, clone } }: Claimed): void {
  if (firsts.length > 0) return;
  throw new AlternateRefused(
    `There is no account '${first}' for '${clone}' to take turns with. If ${clone} is itself the first user, put the tag rotation:first-user = ${clone} on the secret, then rotate again.`,
  );
}

/** What is locked proves nothing, although the password may open another account of its name. */
function currentAccounts(claimed: Claimed): readonly Account[] {
  const { firsts, clones, pair, user } = claimed;
  const { current } = claimed.claim;
  const own = (user === pair.first ? clones : firsts).filter(({ locked }) => !locked);
  // Without that proof, the mark of an earlier one is better than the name alone.
  const marked = own.filter(({ trace }) => trace.mark === claimed.claim.mark);
  const unproven = marked.length > 0 ? marked : own;
  const proven = current
    ? own.filter((account) => account.host === current.host || opens(account, current.password))
    : unproven;
  const role = proven.find((account) => account.isRole && clones.includes(account));
  if (role) throw unshown(role, claimed);
  // A clone that is lost can be made anew.
  if (proven.length > 0 || (!current && user === pair.first)) return proven;
  const name = user === pair.first ? pair.clone : pair.first;
  throw new AlternateRefused(
    `There is no account '${name}' that may log in. Nothing was changed. Unlock it or create it, with the password of AWSCURRENT, then let the rotation repeat.`,
  );
}

type Shown = (account: Account, counterpart: Account | undefined, how: 'by itself' | 'or adopted') => Promise<boolean>;

/** What costs nothing is looked at first. */
function shownBy({ password, claim, firsts }: Claimed): Shown {
  const atHand = [password, ...(claim.current ? [claim.current.password] : [])];
  return async (account, counterpart, how) => {
    const isFirst = firsts.includes(account);
    if (account.locked) {
      if (isFirst) return false;
      if (isHalfMade(account, claim.mark) || opens(account, password)) return true;
      if (account.grants && isNothing(account.grants)) return true;
      return how === 'or adopted' && (await claim.adopts());
    }
    if (atHand.some((staged) => opens(account, staged)) || account.trace.mark === claim.mark) return true;
    const [first, clone] = isFirst ? [account, counterpart] : [counterpart, account];
    if (clone?.trace.unlocked && first && isAlike(first, clone)) return true;
    const previous = await claim.previous();
    if (previous && opens(account, previous.password)) return true;
    return how === 'or adopted' && (await claim.adopts());
  };
}

/** By a password that the server keeps for it, a second one among them. */
function opens({ methods, second }: Account, password: Sensitive): boolean {
  return [...methods, ...(second ? [second] : [])].some((method) => isStored(password, method));
}

function isAlike(first: Account, clone: Account): boolean {
  return (
    first.grants !== undefined &&
    clone.grants !== undefined &&
    sameGrants(first.grants, clone.grants) &&
    first.grants.defaultRole === clone.grants.defaultRole &&
    differing(first.options, clone.options).length === 0
  );
}

/** An account of the clone's name alone for its host would take logins from there that are meant for the pair's. */
function refuseAlone({ firsts, clones, pair, claim }: Claimed, pairs: readonly PairAt[]): void {
  const alone = clones.filter(
    ({ host, trace }) =>
      !pairs.some(({ first }) => first.host === host) &&
      (trace.mark === claim.mark || !firsts.some((first) => first.host === host)),
  );
  if (alone.length === 0) return;
  throw new AlternateRefused(
    `'${pair.clone}' has accounts for hosts that '${pair.first}' has none for that is the secret's: ${alone.map(({ host }) => host).join(', ')}. Nothing was changed. Drop them, or create the like for '${pair.first}'; if they are somebody else's, give the first user another name.`,
  );
}

function unshown({ name, locked, isRole }: Account, { pair, claim, firsts }: Claimed): AlternateRefused {
  const isFirst = firsts.some((first) => first.name === name);
  if (isRole) {
    return new AlternateRefused(
      `${name} is a role: whoever has it would get the rights of ${pair.first}. Nothing was changed. Drop the role, or give the first user another name.`,
    );
  }
  if (locked) {
    const otherwise = isFirst
      ? ''
      : ` Or drop it, so that the rotation makes it anew. If it is somebody else's, give the first user another name.`;
    return new AlternateRefused(
      `${name} is locked, which is not for a rotation to undo. Nothing was changed. If it shall take turns: ALTER USER ${name} ACCOUNT UNLOCK; then let the rotation repeat.${otherwise}`,
    );
  }
  const otherwise = isFirst
    ? `If ${pair.clone} is itself the first user, put the tag rotation:first-user = ${pair.clone} on the secret, take AWSPENDING off this version, then rotate again.`
    : `If it is somebody else's, give the first user another name. If it is not needed, drop it: the rotation makes it anew.`;
  return new AlternateRefused(
    `${name} exists, and nothing shows that it is this secret's: AWSPENDING, AWSCURRENT and AWSPREVIOUS do not log in as it, and no rotation of this secret has let it in. Nothing was changed. If it shall take turns, ${claim.toAdopt} ${otherwise}`,
  );
}
