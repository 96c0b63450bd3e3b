import type { Clock } from '../clock.ts';
import { KeyLimitReached, PreviousKeyStillInUse } from '../errors.ts';
import type { Issuer, LivingKey } from '../providers/provider.ts';
import type { Context } from '../rotation/strategy.ts';
import type { Account } from './issuer-source.ts';
import { type KeyNames, keyNames } from './key-name.ts';
import { holds, holdsValue, type KeySecret } from './key-secret.ts';

/** How far the issuer's clock, or that of another container, may be from ours, in milliseconds. */
const CLOCK_DIFFERENCE_MS = 10_000;

/** The staged versions that the step knows of. */
export interface Held {
  readonly current: KeySecret;
  readonly candidate?: KeySecret;
  readonly previous?: KeySecret | undefined;
}

/** The keys of one secret at its issuer: which are its own, which nobody needs any more, and the ending of those. */
export interface KeyInventory {
  readonly names: KeyNames | undefined;
  /** `undefined` where the issuer does not tell. */
  list(): Promise<readonly LivingKey[] | undefined>;
  /**
   * Ends what is provably this secret's own and held by no staged version, or held twice. A key that is younger than a run of this
   * function can last may belong to a run that is about to store it, and is left for later.
   *
   * @param stored whether a candidate of this rotation is stored: then no other key of it can be any more, however young
   * @returns what is left
   */
  endOrphans(living: readonly LivingKey[], held: Held, stored: boolean): Promise<readonly LivingKey[]>;
  /**
   * Sees to it that one more key may live: ends orphans, and then the key of AWSPREVIOUS, if that is needed.
   *
   * @throws PreviousKeyStillInUse, or KeyLimitReached with the keys that live
   */
  makeRoom(held: () => Promise<Held>, stored: boolean): Promise<void>;
  /** Ends the key of AWSPREVIOUS if it is provably this secret's own, and says so if it is not. @returns what is left */
  endPrevious(living: readonly LivingKey[], held: Held): Promise<readonly LivingKey[]>;
}

export async function keyInventory(account: Account, context: Context, clock: Clock): Promise<KeyInventory> {
  const { issuer, dedicated, toDedicate } = account;
  const { facts } = issuer;
  const { arn, lastRotatedAt } = await context.describe();
  const names = facts.longestName === undefined ? undefined : keyNames(arn, context.token, facts.longestName);

  const inventory: KeyInventory = {
    names,

    list: async () => await issuer.list?.(),

    async endOrphans(living, held, stored) {
      const isOrphan = (key: LivingKey) => !isStaged(key, held) && isOver(key, stored);
      const orphans = living.filter((key) => isOwn(key, held) && (isTwin(key, living) || isOrphan(key)));
      if (orphans.length === 0 || (await isMisnamed(held, living))) return living;
      return await end(issuer, living, orphans);
    },

    async makeRoom(readHeld, stored) {
      const limit = facts.livingKeys;
      let living = limit === undefined ? undefined : await inventory.list();
      if (limit === undefined || living === undefined || living.length < limit) return;
      if (living.some(isWhatMintGives)) return;
      const held = await readHeld();
      living = await inventory.endOrphans(living, held, stored);
      if (living.length < limit) return;
      const previous = living.find((key) => isPrevious(key, held) && isOwn(key, held));
      if (previous) {
        await requireUnused(previous);
        living = await end(issuer, living, [previous]);
      }
      if (living.length >= limit) throw limitReached(living, held, limit);
    },

    async endPrevious(living, held) {
      const previous = living.find((key) => isPrevious(key, held));
      if (previous === undefined) return living;
      if (isOwn(previous, held)) return await end(issuer, living, [previous]);
      const keyId = context.identify(previous.id);
      context.warn(
        `Key ${keyId}, which AWSPREVIOUS holds, is left alive: nothing shows that it was made for this secret. End it at the issuer if nobody else uses it.${allowing()}`,
        { keyId },
      );
      return living;
    },
  };
  return inventory;

  function isOwn(key: LivingKey, held: Held): boolean {
    if (dedicated || (key.name !== undefined && names?.read(key.name) !== undefined)) return true;
    // An id alone anybody can write; who has the value could use the key anyway.
    return facts.value === 'chosen' && versionsOf(held).some((version) => holdsValue(version, key));
  }

  /** Two copies of a step may both apply the value that was chosen. One is enough, and every run keeps the same one. */
  function isTwin({ id, value }: LivingKey, living: readonly LivingKey[]): boolean {
    if (facts.value !== 'chosen' || value === undefined) return false;
    return living.some((other) => other.id < id && other.value?.equals(value) === true);
  }

  /** A hand edit may leave a wrong id beside a key that works: then which of the keys is in use cannot be told. */
  async function isMisnamed({ current, previous }: Held, living: readonly LivingKey[]): Promise<boolean> {
    for (const [label, version] of Object.entries({ AWSCURRENT: current, AWSPREVIOUS: previous })) {
      if (version === undefined || version.value.reveal() === '' || living.some((key) => holds(version, key))) continue;
      if (!(await issuer.accepts(version))) continue;
      context.warn(
        `The key of ${label} works, and the id beside it (field "${version.fields.keyId}") is none of the issuer's. No key was ended, lest it be this one. Correct the id, unless somebody ended that key just now.`,
      );
      return true;
    }
    return false;
  }

  /** Made by an earlier try, which an idempotent mint gives once more, even if it was ended since. */
  function isWhatMintGives({ name }: LivingKey): boolean {
    return facts.idempotent === true && name !== undefined && names?.read(name)?.thisRotation === true;
  }

  function isOver(key: LivingKey, stored: boolean): boolean {
    const named = key.name === undefined ? undefined : names?.read(key.name);
    if (stored && named?.thisRotation) return true;
    if (isWhatMintGives(key)) return false;
    // The later one: some issuers tell the day only.
    const made = Math.max(
      ...[key.createdAt, named?.askedAt].map((date) => date?.getTime() ?? Number.NEGATIVE_INFINITY),
    );
    return Number.isFinite(made) && ageAtBegin(made) > context.deadline.longest + CLOCK_DIFFERENCE_MS;
  }

  /** Not as of now: what was made before this run and stored during it would look unused to what this run has read. */
  function ageAtBegin(made: number): number {
    const { longest, remaining } = context.deadline;
    return clock.now().getTime() - (longest - remaining()) - made;
  }

  async function requireUnused(previous: LivingKey): Promise<void> {
    const used = previous.lastUsedAt ?? (await issuer.lastUsedAt?.(previous.id));
    if (used === undefined || (lastRotatedAt !== undefined && used <= lastRotatedAt)) return;
    const keyId = context.identify(previous.id);
    const since = lastRotatedAt
      ? `the rotation of ${lastRotatedAt.toISOString()}`
      : 'an unknown time, when AWSCURRENT replaced it by hand';
    throw new PreviousKeyStillInUse(
      `Key ${keyId}, which AWSPREVIOUS holds, has to make room for a new one, and was used at ${used.toISOString()}, after ${since}. Nothing was made, and it lives on. Let every client read AWSCURRENT; then end that key at the issuer, or rotate again once the issuer tells no later use.`,
    );
  }

  function limitReached(living: readonly LivingKey[], held: Held, limit: number): KeyLimitReached {
    const young = living.filter((key) => !isStaged(key, held) && isOwn(key, held));
    const wait = Math.ceil((context.deadline.longest + CLOCK_DIFFERENCE_MS) / 1000);
    const remedy =
      young.length > 0
        ? `Of these, ${idsOf(young)} may be about to be stored by another run of this function: once older than ${wait} s they are ended. Let the rotation repeat.`
        : `None of them is one that this function may end. End one that nobody needs, then let the rotation repeat.${allowing()}`;
    return new KeyLimitReached(
      `${living.length} keys live at the issuer, and ${limit} may: ${idsOf(living)}. ${remedy.trimEnd()}`,
    );
  }

  function allowing(): string {
    return toDedicate === undefined ? '' : ` ${toDedicate}`;
  }

  function idsOf(keys: readonly LivingKey[]): string {
    const shown = keys.slice(0, 10).map(({ id }) => context.identify(id));
    return keys.length > shown.length ? `${shown.join(', ')} and ${keys.length - shown.length} more` : shown.join(', ');
  }
}

function versionsOf({ current, candidate, previous }: Held): readonly KeySecret[] {
  return [current, candidate, previous].filter((version) => version !== undefined);
}

function isStaged(key: LivingKey, held: Held): boolean {
  return versionsOf(held).some((version) => holds(version, key));
}

/** A hand edit can make AWSPREVIOUS carry the key of another version, by id or value: then it is not the previous one. */
function isPrevious(key: LivingKey, { previous, ...inUse }: Held): boolean {
  if (previous === undefined || !holds(previous, key)) return false;
  return !versionsOf(inUse).some((version) => holds(version, key) || holds(version, previous));
}

async function end(
  issuer: Issuer,
  living: readonly LivingKey[],
  ended: readonly LivingKey[],
): Promise<readonly LivingKey[]> {
  for (const { id } of ended) await issuer.retire?.(id);
  return living.filter((key) => !ended.includes(key));
}
