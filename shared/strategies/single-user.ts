import type { DatabaseLogin, Session } from '../engines/engine.ts';
import { NoWorkingPassword, RotationError, TooManyRefusedLogins, Unreachable } from '../errors.ts';
import type { Context, StagedVersions, TargetedStrategy } from '../rotation/strategy.ts';
import { AWSCURRENT, AWSPENDING, AWSPREVIOUS, holderOf } from '../rotation/version-stages.ts';
import { meetsPolicy } from '../secrets/password.ts';
import { passwordPolicy } from '../secrets/password-settings.ts';
import { replacePassword } from '../secrets/replace-password.ts';
import { SINGLE_USER_SETTINGS } from '../settings/known-settings.ts';
import { newPassword } from './database-limits.ts';
import { type DatabaseSecret, isSameUser, parseDatabaseSecret, type StoredLogin } from './database-secret.ts';
import { located } from './located.ts';
import { type EngineOf, loggedIn, provenLogin, refusalOf } from './logged-in.ts';
import { namingVersion } from './naming-version.ts';
import { restoreCurrent } from './restore-current.ts';

/** What an engine does better than to change a password. The caller closes the sessions. */
export interface Change<S extends Session> {
  /** AWSCURRENT, logged in, has the candidate accepted. */
  apply(
    session: S,
    secrets: { readonly current: DatabaseSecret; readonly candidate: DatabaseSecret },
    context: Context,
  ): Promise<void>;
  /**
   * The candidate works: ends what else may log in. AWSCURRENT either has been refused, or has just been changed by `apply`, whose answer was lost.
   */
  settle(session: S, current: 'refused' | 'changed', context: Context): Promise<void>;
}

/**
 * One database user, who changes its own password. From the moment that `set` changes it until the promotion, clients
 * that hold AWSCURRENT cannot log in anew; open connections stay. Where the engine knows better, `change` does.
 *
 * Nobody more powerful has a part in it: what a login proves, that the password is the account's, is all that is needed to
 * change that password, in that very session. A login for which the server asked no password proves not even that.
 */
export function singleUser<S extends Session>(
  engine: EngineOf<S>,
  change?: Change<S>,
): TargetedStrategy<DatabaseSecret<StoredLogin>> {
  /** By token, where this process has seen the server take the candidate. */
  const applied = new Set<string>();

  return {
    name: `${engine.name}, single user`,
    settings: SINGLE_USER_SETTINGS,

    parse: (value) => parseDatabaseSecret(value, engine),

    async create(versions, context) {
      const [current, { tags }] = await Promise.all([versions.current(), context.describe()]);
      const password = newPassword(engine, current, tags, context.environment);
      return replacePassword(current.json, 'password', password).toValue();
    },

    async recreate(current, candidate) {
      return replacePassword(current.json, 'password', candidate.login.password).toValue();
    },

    async couldDraw({ login }, _, context) {
      const { tags } = await context.describe();
      return meetsPolicy(passwordPolicy(tags, context.environment), login.password.reveal());
    },

    async set(versions, context) {
      const stored = await Promise.all([versions.current(), versions.candidate()]);
      const [current, candidate] = await Promise.all([inPlace(stored[0], context), inPlace(stored[1], context)]);

      // What is known to work is tried first: an account may lock itself at a refused login.
      if (applied.has(context.token)) {
        const asApplied = await namingVersion(AWSPENDING, loggedIn(engine, candidate.login, context));
        if (asApplied) return await renewed(asApplied).finally(() => asApplied.close());
      }

      const asCurrent = await namingVersion(AWSCURRENT, loggedIn(engine, current.login, context));
      if (asCurrent) {
        const act = async () => {
          await versions.requireStillPending();
          if (change) await change.apply(asCurrent, { current, candidate }, context);
          else await asCurrent.changeOwnPassword(candidate.login.password);
        };
        return await changePassword(asCurrent, act, 'changed', candidate.login, context);
      }

      const asCandidate = await namingVersion(AWSPENDING, loggedIn(engine, candidate.login, context));
      if (asCandidate) return await settled(asCandidate, context);

      const asPrevious = await loggedInAsPrevious(versions, context);
      if (asPrevious) {
        const act = async () => {
          await versions.requireStillPending();
          await asPrevious.changeOwnPassword(candidate.login.password);
          await change?.settle(asPrevious, 'refused', context);
        };
        return await changePassword(asPrevious, act, 'refused', candidate.login, context);
      }

      throw await noWorkingPassword(current.login, context);
    },

    restore: (versions, context) => restoreCurrent(engine, versions, context),

    async test(versions, context) {
      const { login } = await inPlace(await versions.candidate(), context);
      const session = await namingVersion(AWSPENDING, provenLogin(engine, login, context));
      try {
        await session.probe();
      } finally {
        await session.close();
      }
    },
  };

  function inPlace(secret: DatabaseSecret<StoredLogin>, context: Context): Promise<DatabaseSecret> {
    return located(secret, engine, context);
  }

  /** A candidate that was applied long ago may have expired since, and could not be tested. */
  async function renewed(session: S): Promise<void> {
    await session.renewIfExpired?.();
  }

  async function settled(session: S, context: Context): Promise<void> {
    try {
      await renewed(session);
      await change?.settle(session, 'refused', context);
    } finally {
      await session.close();
    }
  }

  /** AWSPREVIOUS is one password more to try for the same user; whatever is wrong with it is no reason to fail. */
  async function loggedInAsPrevious(
    versions: StagedVersions<DatabaseSecret<StoredLogin>>,
    context: Context,
  ): Promise<S | undefined> {
    try {
      const [previous, { login }] = await Promise.all([versions.previous(), versions.candidate()]);
      if (previous === undefined || !isSameUser(previous.login, login)) return undefined;
      return await loggedIn(engine, (await inPlace(previous, context)).login, context);
    } catch (error) {
      if (!(error instanceof RotationError)) throw error;
      if (error instanceof TooManyRefusedLogins) throw await previousUntried(error, context);
      context.warn(`${AWSPREVIOUS} is of no help: ${error.message}`);
      return undefined;
    }
  }

  async function changePassword(
    session: Session,
    act: () => Promise<void>,
    current: 'refused' | 'changed',
    candidate: DatabaseLogin,
    context: Context,
  ): Promise<void> {
    try {
      await act().finally(() => session.close());
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      // The answer may be lost and the change made, here or by another copy of this step: the candidate's login tells.
      const asCandidate = await loggedIn(engine, candidate, context).catch(() => undefined);
      if (!asCandidate) throw error;
      await (change?.settle(asCandidate, current, context) ?? Promise.resolve()).finally(() => asCandidate.close());
    }
    applied.add(context.token);
  }
}

async function previousUntried(cause: TooManyRefusedLogins, context: Context): Promise<TooManyRefusedLogins> {
  const { arn, stages } = await context.describe();
  return new TooManyRefusedLogins(
    `${AWSPREVIOUS}: ${cause.message} Nothing was changed. ${AWSCURRENT} and ${AWSPENDING} were refused. If ${AWSPREVIOUS} is the one that works: aws secretsmanager update-secret-version-stage --secret-id ${arn} --version-stage ${AWSCURRENT} --move-to-version-id ${holderOf(stages, AWSPREVIOUS)} --remove-from-version-id ${holderOf(stages, AWSCURRENT)}. If not, set the user's password at the server to that of ${AWSCURRENT}. Then rotate again.`,
    { cause },
  );
}

async function noWorkingPassword(current: DatabaseLogin, context: Context): Promise<NoWorkingPassword> {
  const { arn, stages } = await context.describe();
  const { username, host, port } = current;
  const said = refusalOf(current, context);
  return new NoWorkingPassword(
    `${host}:${port} refuses the passwords of AWSCURRENT, AWSPENDING and AWSPREVIOUS for ${username}.${said === undefined ? '' : ` ${AWSCURRENT}: ${said}`} If AWSPENDING was cleared during an earlier rotation, the password may be in a version without a staging label. Look for it with: aws secretsmanager list-secret-version-ids --secret-id ${arn} --include-deprecated. Label the one that logs in: aws secretsmanager update-secret-version-stage --secret-id ${arn} --version-stage ${AWSCURRENT} --move-to-version-id VERSION --remove-from-version-id ${holderOf(stages, AWSCURRENT) ?? 'CURRENT_VERSION'}. If there is none, set the user's password at the server to that of AWSCURRENT. Then rotate again.`,
  );
}
