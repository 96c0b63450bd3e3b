import type { DatabaseLogin, Engine, Session } from '../engines/engine.ts';
import { CurrentLoginRefused, InvalidSecret, LoginRefused, SuperuserRefused } from '../errors.ts';
import type { Context } from '../rotation/strategy.ts';
import { JsonSecret } from '../secrets/json-secret.ts';
import type { SecretValue } from '../secrets/secret-value.ts';
import { type DatabaseSecret, parseCredential, parseDatabaseSecret, rdsPlace } from './database-secret.ts';
import { endpointFor, located, nearestPlace, rdsOf } from './located.ts';
import { type EngineOf, loggedIn, provenLogin } from './logged-in.ts';
import { mayRecover } from './recovery.ts';

/** Of `mayRecover`; the deployer's to set. */
const RECOVERY = 'RECOVER_THROUGH_SUPERUSER';

/**
 * Whoever may write the secret could name anybody in it. Only a password that logs in shows that the secret is the
 * user's own; otherwise the superuser would set another account's password on a stranger's word.
 *
 * What is proved is that the password of AWSCURRENT opens one account at the superuser's server, of which the server has
 * asked a password. Of other accounts of the same name, or of another name, it proves nothing: `look` says which it is.
 *
 * @param look at the session that is open as AWSCURRENT
 * @returns what `look` does; undefined if the password does not log in and the deployer lets the superuser go on without it
 * @throws CurrentLoginRefused otherwise
 */
export async function provenBy<S extends Session, T>(
  engine: EngineOf<S>,
  login: DatabaseLogin,
  look: (session: S) => Promise<T>,
  context: Context,
): Promise<T | undefined> {
  try {
    const session = await provenLogin(engine, login, context);
    return await look(session).finally(() => session.close());
  } catch (error) {
    if (!(error instanceof LoginRefused)) throw error;
    if (await mayRecover(RECOVERY, context)) {
      context.warn(`AWSCURRENT does not log in as ${login.username}; ${RECOVERY} lets the superuser go on without it.`);
      return undefined;
    }
    const { arn } = await context.describe();
    throw new CurrentLoginRefused(
      `${login.host}:${login.port} refuses the password of AWSCURRENT for ${login.username}, so nothing shows that this secret may have it changed. Nothing was changed. ${error.message} Host, port and TLS were those of the superuser's secret. If somebody changed the password by hand, store it: aws secretsmanager put-secret-value --secret-id ${arn} --secret-string file://value. If it is lost, whoever deploys the function can put ${arn} into its environment variable ${RECOVERY} for one rotation.`,
      { cause: error },
    );
  }
}

/** @returns whether AWSCURRENT logs in; @throws as `provenBy` */
export async function proveCurrent(engine: Engine, login: DatabaseLogin, context: Context): Promise<boolean> {
  return (await provenBy(engine, login, async () => true, context)) === true;
}

/**
 * The login in a superuser's own secret, at the database that takes changes for the user's: the same host, or by what
 * RDS says the primary of its replica or the writer of its cluster. `requireOther` throws if it is a login that the
 * rotation changes.
 *
 * Whoever may write the user's secret chooses among the superusers whose secrets the function's role may read, and can send
 * none of their passwords anywhere: host, port and TLS are those of the superuser's secret. One that has no host is the
 * secret in which RDS keeps a master password; RDS itself says of which database in the function's account, and its password
 * goes to that alone. What the superuser then does is confined by what AWSCURRENT proves (`provenBy`), not by its choice.
 *
 * @throws SuperuserRefused if it is for another database than the user's
 */
export async function readSuperuser(
  engine: Engine,
  secretId: string,
  user: DatabaseSecret,
  requireOther: (superuser: DatabaseLogin) => void,
  context: Context,
): Promise<DatabaseLogin> {
  const { value } = await context.readOtherSecret(secretId);
  try {
    const login = await superuserLogin(value, engine, secretId, user, context);
    requireOther(login);
    return login;
  } catch (error) {
    if (!(error instanceof InvalidSecret)) throw error;
    throw new InvalidSecret(`The superuser's secret ${secretId}: ${error.message}`, { cause: error.cause });
  }
}

async function superuserLogin(
  value: SecretValue,
  engine: Engine,
  secretId: string,
  user: DatabaseSecret,
  context: Context,
): Promise<DatabaseLogin> {
  const json = JsonSecret.parse(value);
  if (!json.fields().has('host') && !rdsPlace(json)) {
    const credential = parseCredential(json, engine);
    const master = { secretArn: secretId, username: credential.username, near: nearestPlace(user) };
    return { ...credential, ...endpointFor(engine, await rdsOf(context).completeManagedMaster(master)) };
  }
  const { login } = await located(parseDatabaseSecret(value, engine), engine, context);
  const { host, port } = user.login;
  const found = await rdsOf(context).sameDatabase(host, login.host);
  // A replica may have a port of its own; of one host, another port is another server.
  if (found.kind === 'same' && (login.host !== host || login.port === port)) return { ...login, host: found.writer };
  throw new SuperuserRefused(
    `The secret is for ${host}:${port}, and its superuser's secret (masterarn) for ${login.host}:${login.port}, which is neither the same server nor, by what RDS says, its primary or its cluster. Nothing was changed. Name the superuser of the same database.`,
  );
}

/** A superuser's own rotation may have changed its password since its secret was read: one more look tells. */
export async function superuserSession<S extends Session>(
  engine: EngineOf<S>,
  login: DatabaseLogin,
  readAgain: () => Promise<DatabaseLogin>,
  secretId: string,
  context: Context,
): Promise<S> {
  try {
    return await engine.connect(login, context.deadline);
  } catch (error) {
    if (!(error instanceof LoginRefused)) throw error;
    const again = await readAgain();
    const changed = !again.password.equals(login.password) || again.username !== login.username;
    const session = changed ? await loggedIn(engine, again, context) : undefined;
    if (session) return session;
    throw new SuperuserRefused(
      `${login.host}:${login.port} refuses the password of superuser ${again.username} from ${secretId} (masterarn). Nothing was changed. Correct that secret, then let the rotation repeat.`,
      { cause: error },
    );
  }
}

/** Host, port and TLS come from the superuser's own secret, so that nobody can lead its password elsewhere. */
export function atServerOf({ host, port, tls }: DatabaseLogin, login: DatabaseLogin): DatabaseLogin {
  return { ...login, host, port, tls };
}
