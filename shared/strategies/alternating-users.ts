import type { AlternatingEngine, AlternatingSession, UserPair } from '../engines/alternating-engine.ts';
import type { DatabaseLogin } from '../engines/engine.ts';
import {
  AlternateRefused,
  CandidateRefused,
  CurrentLoginRefused,
  InvalidSecret,
  LoginRefused,
  SuperuserRefused,
} from '../errors.ts';
import type { Context, Strategy } from '../rotation/strategy.ts';
import { randomPassword } from '../secrets/password.ts';
import { passwordPolicy } from '../secrets/password-settings.ts';
import { replaceLogin } from '../secrets/replace-password.ts';
import { type DatabaseSecret, parseDatabaseSecret, requireSameIdentity } from './database-secret.ts';
import { FIRST_USER_TAG, otherOf, pairFormedBy, pairOf } from './user-pair.ts';

/** After these, nothing was changed. */
const REFUSALS = [AlternateRefused, CandidateRefused, SuperuserRefused];

/** ARNs, separated by commas or spaces, of secrets whose current password somebody lost; the deployer's to set. */
const RECOVERY = 'RECOVER_THROUGH_SUPERUSER';

/**
 * Two database users with the same rights, `name` and `name_clone`: at each rotation a superuser lets in the one that is
 * not current. Whoever holds AWSCURRENT or AWSPREVIOUS can log in at every moment.
 */
export function alternatingUsers(engine: AlternatingEngine): Strategy<DatabaseSecret> {
  return {
    name: `${engine.name}, alternating users`,

    parse: (value) => parseDatabaseSecret(value, engine),

    async create(versions, context) {
      const [current, { tags }] = await Promise.all([versions.current(), context.describe()]);
      superuserSecretId(current);
      const pair = pairOf(current.login.username, tags.get(FIRST_USER_TAG), engine);
      const username = otherOf(pair, current.login.username);
      const password = randomPassword(passwordPolicy(tags, context.environment));
      return replaceLogin(current.json, { username, password }).toValue();
    },

    async set(versions, context) {
      const [current, candidate] = await Promise.all([versions.current(), versions.candidate()]);
      const pair = pairFormedBy(current.login.username, candidate.login.username);
      requireSameIdentity(current.login, { ...candidate.login, username: current.login.username });
      const superuserSecret = superuserSecretId(current);
      const readSuperuser = () => superuserOf(superuserSecret, current.login, pair, context);
      const superuser = await readSuperuser();

      await proveCurrent(atServerOf(superuser, current.login), context);
      const session = await superuserSession(superuser, readSuperuser, superuserSecret, context);
      try {
        await session.letIn(candidate.login.username, pair, candidate.login.password).finally(() => session.close());
      } catch (error) {
        if (REFUSALS.some((refusal) => error instanceof refusal)) throw error;
        // The answer may be lost and the work done, here or by another copy of this step: the candidate's login tells.
        const done = await proveCandidate(atServerOf(superuser, candidate.login), pair, context).then(
          () => true,
          () => false,
        );
        if (!done) throw error;
      }
    },

    async test(versions, context) {
      const { login } = await versions.candidate();
      const asNamed = pairOf(login.username, undefined, engine);
      try {
        await proveCandidate(login, asNamed, context);
      } catch (error) {
        // A first user whose own name ends like a clone's is the one case that the tags have to explain.
        const firstUser = (await context.describe()).tags.get(FIRST_USER_TAG);
        if (!(error instanceof AlternateRefused) || firstUser !== login.username) throw error;
        await proveCandidate(login, pairOf(login.username, firstUser, engine), context);
      }
    },
  };

  async function proveCandidate(login: DatabaseLogin, pair: UserPair, context: Context): Promise<void> {
    const session = await engine.connect(login, context.deadline);
    try {
      await session.proveRights(pair);
    } finally {
      await session.close();
    }
  }

  /**
   * Whoever may write the secret could name anybody in it. Only a password that logs in shows that the secret is the
   * user's own; otherwise the superuser would set another account's password on a stranger's word.
   */
  async function proveCurrent(login: DatabaseLogin, context: Context): Promise<void> {
    try {
      const session = await engine.connect(login, context.deadline);
      await session.close();
    } catch (error) {
      if (!(error instanceof LoginRefused)) throw error;
      const { arn } = await context.describe();
      if ((context.environment[RECOVERY] ?? '').split(/[\s,]+/).includes(arn)) {
        context.warn(
          `AWSCURRENT does not log in as ${login.username}; ${RECOVERY} lets the superuser go on without it.`,
        );
        return;
      }
      throw new CurrentLoginRefused(
        `${login.host}:${login.port} refuses the password of AWSCURRENT for ${login.username}, so nothing shows that this secret may have it changed. Nothing was changed. If somebody changed the password by hand, store it: aws secretsmanager put-secret-value --secret-id ${arn} --secret-string file://value. If it is lost, whoever deploys the function can put ${arn} into its environment variable ${RECOVERY} for one rotation.`,
        { cause: error },
      );
    }
  }

  async function superuserOf(
    secretId: string,
    user: DatabaseLogin,
    pair: UserPair,
    context: Context,
  ): Promise<DatabaseLogin> {
    const value = await context.readOtherSecret(secretId);
    try {
      const { login } = parseDatabaseSecret(value, engine);
      requireSameServer(user, login);
      requireOutsidePair(login, pair);
      return login;
    } catch (error) {
      if (!(error instanceof InvalidSecret)) throw error;
      throw new InvalidSecret(`The superuser's secret ${secretId}: ${error.message}`, { cause: error.cause });
    }
  }

  /** A superuser's own rotation may have changed its password since its secret was read: one more look tells. */
  async function superuserSession(
    login: DatabaseLogin,
    readAgain: () => Promise<DatabaseLogin>,
    secretId: string,
    context: Context,
  ): Promise<AlternatingSession> {
    try {
      return await engine.connect(login, context.deadline);
    } catch (error) {
      if (!(error instanceof LoginRefused)) throw error;
      const again = await readAgain();
      const changed = !again.password.equals(login.password) || again.username !== login.username;
      const session = changed ? await loggedIn(again, context) : undefined;
      if (session) return session;
      throw new SuperuserRefused(
        `${login.host}:${login.port} refuses the password of superuser ${again.username} from ${secretId} (masterarn). Nothing was changed. Correct that secret, then let the rotation repeat.`,
        { cause: error },
      );
    }
  }

  async function loggedIn(login: DatabaseLogin, context: Context): Promise<AlternatingSession | undefined> {
    try {
      return await engine.connect(login, context.deadline);
    } catch (error) {
      if (error instanceof LoginRefused) return undefined;
      throw error;
    }
  }
}

function superuserSecretId({ json }: DatabaseSecret): string {
  const id = json.string('masterarn');
  if (id) return id;
  throw new InvalidSecret(
    'Field "masterarn" is missing: the ARN of the secret of a superuser, who lets the other user in. Add it, or use the single-user function.',
  );
}

/** Host, port and TLS come from the superuser's own secret, so that nobody can lead its password elsewhere. */
function atServerOf({ host, port, tls }: DatabaseLogin, login: DatabaseLogin): DatabaseLogin {
  return { ...login, host, port, tls };
}

function requireSameServer(user: DatabaseLogin, superuser: DatabaseLogin): void {
  if (user.host === superuser.host && user.port === superuser.port) return;
  throw new SuperuserRefused(
    `The secret is for ${user.host}:${user.port}, and its superuser's secret (masterarn) for ${superuser.host}:${superuser.port}. Nothing was changed. Name the superuser of the same server, by the same host name.`,
  );
}

function requireOutsidePair({ username }: DatabaseLogin, pair: UserPair): void {
  if (username !== pair.first && username !== pair.clone) return;
  throw new SuperuserRefused(
    `The superuser of the secret's masterarn, ${username}, is one of the users that take turns. Nothing was changed. Name another superuser.`,
  );
}
