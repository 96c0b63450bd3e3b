import { type Clock, realTime } from '../clock.ts';
import { CandidateRefused, InvalidSecret, KeyRefused } from '../errors.ts';
import type { Issuer, Key, LivingKey } from '../providers/provider.ts';
import type { Context, Strategy } from '../rotation/strategy.ts';
import { AWSPENDING, holderOf } from '../rotation/version-stages.ts';
import { meetsPolicy, type PasswordPolicy, randomPassword } from '../secrets/password.ts';
import { Sensitive } from '../secrets/sensitive.ts';
import type { Account, IssuerSource } from './issuer-source.ts';
import { type Held, type KeyInventory, keyInventory } from './key-inventory.ts';
import { holds, type KeySecret, parseKeySecret, withKey } from './key-secret.ts';
import { proof } from './proof-of-key.ts';
import { retiresAtOnce } from './retire-setting.ts';

/**
 * An API key that somebody else makes. The old one outlives the promotion, until the next rotation or as the tag
 * `rotation:retire` says. Ended is only what is provably the secret's own (by the key's name, by the deployer's word that
 * all keys of the target are, or by a value that a staged version holds), and never what AWSCURRENT or AWSPENDING holds.
 */
export function mintedKey(source: IssuerSource, clock: Clock = realTime): Strategy<KeySecret> {
  /** `discard` follows `create` in the same step, and has no AWSCURRENT to show. */
  const accounts = new WeakMap<Context, Promise<Account>>();
  const open = (current: KeySecret, context: Context): Promise<Account> => {
    context.conceal(current.value);
    const account = accounts.get(context) ?? source.open(current, context);
    accounts.set(context, account);
    return account;
  };
  /** A version whose key stays unseen, whatever its id is. */
  const concealed = <V extends KeySecret | undefined>(version: V, context: Context): V => {
    if (version) context.conceal(version.value);
    return version;
  };

  return {
    name: `${source.name}, minted key`,
    settings: source.settings,

    mints: {
      async discard(minted, context) {
        const issuer = (await accounts.get(context))?.issuer;
        const { id } = parseKeySecret(minted, source.fields);
        // An idempotent mint gave both tries the same key, and the other one has stored it.
        if (issuer && id !== '' && !issuer.facts.idempotent) await issuer.retire?.(id);
      },
    },

    parse: (value) => parseKeySecret(value, source.fields),

    async create(versions, context) {
      const [current, { tags }] = await Promise.all([versions.current(), context.describe()]);
      retiresAtOnce(tags);
      const account = await open(current, context);
      if (account.issuer.facts.value === 'chosen') return withKey(current, { id: '', value: chosenValue() });
      // What cannot be stored must not be made.
      withKey(current, { id: 'id', value: new Sensitive('key') });
      const keys = await keyInventory(account, context, clock);
      await keys.makeRoom(async () => ({ current, previous: concealed(await versions.previous(), context) }), false);
      const key = await mint(account.issuer, keys, context);
      try {
        return withKey(current, key);
      } catch (error) {
        await account.issuer.retire?.(key.id);
        throw error;
      }
    },

    async recreate(current, { id, value }) {
      return withKey(current, { id, value });
    },

    async couldDraw({ value }, current, context) {
      const { issuer } = await open(current, context);
      return issuer.facts.value === 'issued' || meetsPolicy(CHOSEN, value.reveal());
    },

    /** The candidate's key lives on: another copy of the step may be promoting it. The next rotation ends it. */
    async restore(versions, context) {
      const current = await versions.current();
      if (current.value.reveal() === '') return;
      const account = await open(current, context);
      const { issuer } = account;
      if (issuer.facts.value === 'chosen' && !(await issuer.accepts(current))) {
        const keys = await keyInventory(account, context, clock);
        await apply(
          issuer,
          keys,
          current,
          async () => ({ current, previous: concealed(await versions.previous(), context) }),
          context,
        );
      }
      const outcome = await proof(issuer, current, context.deadline, clock);
      if (outcome !== 'accepted') throw currentRefused(current, context);
    },

    async set(versions, context) {
      const [current, candidate] = await Promise.all([versions.current(), versions.candidate()]);
      concealed(candidate, context);
      const account = await open(current, context);
      const keys = await keyInventory(account, context, clock);
      await versions.requireStillPending();
      const held = async () => ({ current, candidate, previous: concealed(await versions.previous(), context) });
      if (account.issuer.facts.value === 'chosen') await apply(account.issuer, keys, candidate, held, context);
      const living = await keys.list();
      if (living === undefined) return;
      if (!isAmong(living, candidate)) await requireAccepted(account.issuer, candidate, context);
      await endOrphans(keys, living, held, context);
    },

    async test(versions, context) {
      const candidate = concealed(await versions.candidate(), context);
      const issuer = await source.openToTest(candidate, context);
      const outcome = await proof(issuer, candidate, context.deadline, clock);
      if (outcome !== 'accepted') throw keyRefused(candidate, outcome, issuer.facts, context);
    },

    async finish(versions, context) {
      const { tags, stages } = await context.describe();
      const pending = holderOf(stages, AWSPENDING);
      // A later rotation has begun: its candidate is none of the versions here, and it ends what is left over.
      if (pending !== undefined && pending !== context.token) return;
      const [current, previous] = await Promise.all([versions.current(), versions.previous()]);
      concealed(previous, context);
      const account = await open(current, context);
      const keys = await keyInventory(account, context, clock);
      let living = await keys.list();
      if (living === undefined) return;
      const held = { current, previous };
      if (previous && source.placeOf(previous) !== source.placeOf(current)) {
        context.warn(
          `The key of AWSPREVIOUS is not of ${source.placeOf(current)}, where AWSCURRENT's is, and is left alive at ${source.placeOf(previous)}. End it there if nobody needs it.`,
        );
      } else if (retiresAtOnce(tags)) living = await keys.endPrevious(living, held);
      await keys.endOrphans(living, held, true);
    },
  };

  async function mint(issuer: Issuer, keys: KeyInventory, context: Context, value?: Sensitive): Promise<Key> {
    const { idempotent = false } = issuer.facts;
    const key = await issuer.mint({
      name: keys.names?.name(clock.now(), idempotent) ?? context.token,
      idempotencyKey: context.token,
      ...(value && { value }),
    });
    context.conceal(key.value);
    return key;
  }

  /** A repetition finds the value among the living keys, where the issuer tells them, or gives it once more. */
  async function apply(
    issuer: Issuer,
    keys: KeyInventory,
    version: KeySecret,
    held: () => Promise<Held>,
    context: Context,
  ): Promise<void> {
    const living = await keys.list();
    if (living && isAmong(living, version)) return;
    await keys.makeRoom(held, true);
    await mint(issuer, keys, context, version.value);
  }

  /** A secret that was something else before is rotated all the same: its AWSPREVIOUS may be no such secret yet. */
  async function endOrphans(
    keys: KeyInventory,
    living: readonly LivingKey[],
    held: () => Promise<Held>,
    context: Context,
  ): Promise<void> {
    try {
      await keys.endOrphans(living, await held(), true);
    } catch (error) {
      if (!(error instanceof InvalidSecret)) throw error;
      context.warn(`${error.message} No key was ended, lest a version hold it that cannot be read.`);
    }
  }

  async function requireAccepted(issuer: Issuer, candidate: KeySecret, context: Context): Promise<void> {
    const outcome = await proof(issuer, candidate, context.deadline, clock);
    if (outcome === 'accepted') return;
    if (outcome === 'not in time') throw keyRefused(candidate, outcome, issuer.facts, context);
    throw new CandidateRefused(
      `The key of AWSPENDING${idOf(candidate, context)} is none of those that live at the issuer, and is not accepted: somebody ended it. AWSCURRENT was not touched. Rotate again: aws secretsmanager rotate-secret --secret-id ${context.secretId}`,
    );
  }
}

const CHOSEN: PasswordPolicy = { shape: 'base64url', length: 32 };

function chosenValue(): Sensitive {
  return randomPassword(CHOSEN);
}

function isAmong(living: readonly LivingKey[], version: KeySecret): boolean {
  return living.some((key) => holds(version, key));
}

function keyRefused(
  candidate: KeySecret,
  outcome: 'refused' | 'not in time',
  { propagationMs }: Issuer['facts'],
  { secretId, token, identify }: Context,
): KeyRefused {
  const time =
    outcome === 'refused'
      ? 'though a new one had its time to work'
      : `and the function has less time than the ${propagationMs / 1000} s that a new one may take to work: raise its timeout`;
  return new KeyRefused(
    `The issuer does not accept the key of AWSPENDING${idOf(candidate, { identify })}, ${time}. AWSCURRENT was not touched; let the rotation repeat. If this stays, start with another key: aws secretsmanager update-secret-version-stage --secret-id ${secretId} --version-stage AWSPENDING --remove-from-version-id ${token}, then rotate again.`,
  );
}

function currentRefused(current: KeySecret, context: Context): KeyRefused {
  return new KeyRefused(
    `The issuer does not accept the key of AWSCURRENT${idOf(current, context)}. Store one that works: aws secretsmanager put-secret-value --secret-id ${context.secretId} --secret-string file://value.`,
  );
}

function idOf({ id }: KeySecret, { identify }: Pick<Context, 'identify'>): string {
  return id === '' ? '' : ` (${identify(id)})`;
}
