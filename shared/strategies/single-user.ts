import type { DatabaseLogin, Session } from '../engines/engine.ts';
import {
  CandidateMismatch,
  CandidateRefused,
  InvalidSecret,
  NoWorkingPassword,
  PasswordChangeForbidden,
} from '../errors.ts';
import type { Context, StagedVersions, Strategy } from '../rotation/strategy.ts';
import { AWSCURRENT, holderOf } from '../rotation/version-stages.ts';
import { randomPassword } from '../secrets/password.ts';
import { passwordPolicy } from '../secrets/password-settings.ts';
import { replacePassword } from '../secrets/replace-password.ts';
import { type DatabaseSecret, parseDatabaseSecret, requireSameIdentity, type StoredLogin } from './database-secret.ts';
import { located } from './located.ts';
import { type EngineOf, loggedIn } from './logged-in.ts';
import { OVERLAP_TAG, overlapWanted } from './overlap-setting.ts';

/** How AWSCURRENT, logged in, has the candidate accepted. Whoever calls it closes the session. */
export type Change<S extends Session> = (
  session: S,
  secrets: { readonly current: DatabaseSecret; readonly candidate: DatabaseSecret },
  context: Context,
) => Promise<void>;

/**
 * One database user, who changes its own password. From the moment that `set` changes it until the promotion, clients
 * that hold AWSCURRENT cannot log in anew; open connections stay. Where the engine knows better, `change` does.
 */
export function singleUser<S extends Session>(
  engine: EngineOf<S>,
  change?: Change<S>,
): Strategy<DatabaseSecret<StoredLogin>> {
  return {
    name: `${engine.name}, single user`,

    parse: (value) => parseDatabaseSecret(value, engine),

    async create(versions, context) {
      const [{ json }, { tags }] = await Promise.all([versions.current(), context.describe()]);
      if (overlapWanted(tags) && !change) {
        context.warn(`${engine.name} knows one password a user: the tag ${OVERLAP_TAG} changes nothing here.`);
      }
      const policy = passwordPolicy(tags, context.environment);
      return replacePassword(json, 'password', randomPassword(policy)).toValue();
    },

    async set(versions, context) {
      const stored = await Promise.all([versions.current(), versions.candidate()]);
      requireSameIdentity(stored[0].login, stored[1].login);
      const [current, candidate] = await Promise.all([inPlace(stored[0], context), inPlace(stored[1], context)]);

      const asCurrent = await loggedIn(engine, current.login, context);
      if (asCurrent) {
        return await changePassword(
          asCurrent,
          () => (change ?? changeOwn)(asCurrent, { current, candidate }, context),
          candidate.login,
          context,
        );
      }

      const asCandidate = await loggedIn(engine, candidate.login, context);
      if (asCandidate) return await asCandidate.close();

      const previous = await previousOf(versions, stored[1].login);
      const asPrevious = previous && (await loggedIn(engine, (await inPlace(previous, context)).login, context));
      if (asPrevious) {
        const own = () => asPrevious.changeOwnPassword(candidate.login.password);
        return await changePassword(asPrevious, own, candidate.login, context);
      }

      throw await noWorkingPassword(candidate.login, context);
    },

    async test(versions, context) {
      const { login } = await inPlace(await versions.candidate(), context);
      const session = await engine.connect(login, context.deadline);
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

  async function changePassword(
    session: Session,
    act: () => Promise<void>,
    candidate: DatabaseLogin,
    context: Context,
  ): Promise<void> {
    try {
      await act().finally(() => session.close());
    } catch (error) {
      if (error instanceof CandidateRefused || error instanceof PasswordChangeForbidden) throw error;
      // The answer may be lost and the change made, here or by another copy of this step: the candidate's login tells.
      const asCandidate = await loggedIn(engine, candidate, context).catch(() => undefined);
      if (!asCandidate) throw error;
      await asCandidate.close();
    }
  }
}

const changeOwn: Change<Session> = (session, { candidate }) => session.changeOwnPassword(candidate.login.password);

/** AWSPREVIOUS is a last resort: if it is unreadable or somebody else's, there is just one password less to try. */
async function previousOf(
  versions: StagedVersions<DatabaseSecret<StoredLogin>>,
  candidate: StoredLogin,
): Promise<DatabaseSecret<StoredLogin> | undefined> {
  try {
    const previous = await versions.previous();
    if (previous) requireSameIdentity(previous.login, candidate);
    return previous;
  } catch (error) {
    if (error instanceof InvalidSecret || error instanceof CandidateMismatch) return undefined;
    throw error;
  }
}

async function noWorkingPassword(
  { username, host, port }: DatabaseLogin,
  context: Context,
): Promise<NoWorkingPassword> {
  const { arn, stages } = await context.describe();
  return new NoWorkingPassword(
    `${host}:${port} refuses the passwords of AWSCURRENT, AWSPENDING and AWSPREVIOUS for ${username}. If AWSPENDING was cleared during an earlier rotation, the password may be in a version without a staging label. Look for it with: aws secretsmanager list-secret-version-ids --secret-id ${arn} --include-deprecated. Label the one that logs in: aws secretsmanager update-secret-version-stage --secret-id ${arn} --version-stage ${AWSCURRENT} --move-to-version-id VERSION --remove-from-version-id ${holderOf(stages, AWSCURRENT) ?? 'CURRENT_VERSION'}. If there is none, set the user's password at the server to that of AWSCURRENT. Then rotate again.`,
  );
}
