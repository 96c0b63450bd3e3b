import type { AlternatingEngine, UserPair } from '../engines/alternating-engine.ts';
import type { DatabaseLogin } from '../engines/engine.ts';
import { AlternateRefused, CandidateRefused, InvalidSecret, SuperuserRefused, VersionNotStaged } from '../errors.ts';
import type { Context, Strategy } from '../rotation/strategy.ts';
import { meetsPolicy } from '../secrets/password.ts';
import { passwordPolicy } from '../secrets/password-settings.ts';
import { replaceLogin } from '../secrets/replace-password.ts';
import { ALTERNATING_USERS_SETTINGS } from '../settings/known-settings.ts';
import { newPassword, refuseTooLong } from './database-limits.ts';
import { type DatabaseSecret, parseDatabaseSecret, type StoredLogin } from './database-secret.ts';
import { located } from './located.ts';
import { provenLogin } from './logged-in.ts';
import { pairClaim } from './pair-claim.ts';
import { replicated } from './replicated.ts';
import { restoreCurrent } from './restore-current.ts';
import { atServerOf, provenBy, readSuperuser, superuserSession } from './superuser.ts';
import { FIRST_USER_TAG, otherOf, pairFormedBy, pairOf } from './user-pair.ts';

/** After these, nobody has been let in: at most the clone was made, locked. */
const REFUSALS = [AlternateRefused, CandidateRefused, SuperuserRefused, VersionNotStaged];

/**
 * Two database users with the same rights, `name` and `name_clone`: at each rotation a superuser lets in the one that is
 * not current. Whoever holds AWSCURRENT or AWSPREVIOUS can log in at every moment.
 *
 * What is proved before anything is changed: that AWSCURRENT logs in as the account it names, by a password that the
 * server has asked for; and of the other user, that it is the secret's, too (`AlternatingSession.letIn`). What is done is
 * confined to these accounts: the other user gets the candidate's password, and the clone what the first user may.
 */
export function alternatingUsers(engine: AlternatingEngine): Strategy<DatabaseSecret<StoredLogin>> {
  return {
    name: `${engine.name}, alternating users`,
    settings: ALTERNATING_USERS_SETTINGS,

    parse: (value) => parseDatabaseSecret(value, engine),

    async create(versions, context) {
      const [current, { tags }] = await Promise.all([versions.current(), context.describe()]);
      superuserSecretId(current);
      const pair = pairOf(current.login.username, tags.get(FIRST_USER_TAG), current.limits);
      const username = otherOf(pair, current.login.username);
      const password = newPassword(engine, current, tags, context.environment);
      return replaceLogin(current.json, { username, password }).toValue();
    },

    async recreate(current, candidate) {
      const { username, password } = candidate.login;
      pairFormedBy(current.login.username, username);
      return replaceLogin(current.json, { username, password }).toValue();
    },

    async couldDraw({ login }, current, context) {
      const { tags } = await context.describe();
      const pair = pairOf(current.login.username, tags.get(FIRST_USER_TAG), current.limits);
      if (login.username !== otherOf(pair, current.login.username)) return false;
      return meetsPolicy(passwordPolicy(tags, context.environment), login.password.reveal());
    },

    restore: (versions, context) => restoreCurrent(engine, versions, context),

    async set(versions, context) {
      const stored = await Promise.all([versions.current(), versions.candidate()]);
      const [{ login: asCurrent }, { login: asCandidate }] = stored;
      const pair = pairFormedBy(asCurrent.username, asCandidate.username);
      const [current, candidate] = await Promise.all([
        located(stored[0], engine, context),
        located(stored[1], engine, context),
      ]);
      refuseTooLong(engine, candidate);
      const superuserSecret = superuserSecretId(current);
      const outside = (login: DatabaseLogin) => requireOutsidePair(login, pair);
      const read = () => readSuperuser(engine, superuserSecret, current, outside, context);
      const superuser = await read();

      const asProven = atServerOf(superuser, current.login);
      const host = await provenBy(engine, asProven, (proof) => proof.accountHost(), context);
      const claim = await pairClaim(candidate.login.username, asProven, host, versions, context);
      const session = await superuserSession(engine, superuser, read, superuserSecret, context);
      const letIn = async () => {
        await versions.requireStillPending();
        await session.letIn(candidate.login.username, pair, candidate.login.password, claim);
      };
      try {
        await letIn().finally(() => session.close());
      } catch (error) {
        if (REFUSALS.some((refusal) => error instanceof refusal)) throw error;
        // The answer may be lost and the work done, here or by another copy of this step: the candidate's login tells.
        const done = await proveCandidate(atServerOf(superuser, candidate.login), pair, context).then(
          () => true,
          () => false,
        );
        if (!done) throw error;
      }
      await replicated(engine, candidate.login, superuser, context);
    },

    async test(versions, context) {
      const { login, limits } = await located(await versions.candidate(), engine, context);
      const asNamed = pairOf(login.username, undefined, limits);
      try {
        await proveCandidate(login, asNamed, context);
      } catch (error) {
        if (!(error instanceof AlternateRefused)) throw error;
        // A first user whose own name ends like a clone's is the one case that the tags have to explain.
        const firstUser = (await context.describe()).tags.get(FIRST_USER_TAG);
        if (firstUser !== login.username) throw error;
        await proveCandidate(login, pairOf(login.username, firstUser, limits), context);
      }
    },
  };

  async function proveCandidate(login: DatabaseLogin, pair: UserPair, context: Context): Promise<void> {
    const session = await provenLogin(engine, login, context);
    try {
      await session.proveRights(pair);
    } finally {
      await session.close();
    }
  }
}

function superuserSecretId({ json }: DatabaseSecret<unknown>): string {
  const id = json.string('masterarn');
  if (id) return id;
  throw new InvalidSecret(
    'Field "masterarn" is missing: the ARN of the secret of a superuser, who lets the other user in. Add it, or use the single-user function.',
  );
}

function requireOutsidePair({ username }: DatabaseLogin, pair: UserPair): void {
  if (username !== pair.first && username !== pair.clone) return;
  throw new SuperuserRefused(
    `The superuser of the secret's masterarn, ${username}, is one of the users that take turns. Nothing was changed. Name another superuser.`,
  );
}
