import { createHash } from 'node:crypto';
import type { DatabaseLogin, Engine, Session, TimeLimit } from '../engines/engine.ts';
import { LoginRefused, PasswordNotAsked, TooManyRefusedLogins } from '../errors.ts';
import type { Context } from '../rotation/strategy.ts';

/** An engine whose sessions can more than every engine's. */
export interface EngineOf<S extends Session> extends Engine {
  connect(login: DatabaseLogin, limit: TimeLimit): Promise<S>;
}

/** Of one user: what each login said that was refused since the last one that was not. */
type Refusals = Map<string, string>;

/** By step, which has a deadline of its own; then by user, since several host names may stand for one server. */
const refusalsOf = new WeakMap<object, Map<string, Refusals>>();

/**
 * A session that shows that the password is the user's. What a server has refused in this step is not sent to it again, and no more logins
 * of one user are refused in a row than `Engine.refusedLogins`, since some accounts lock themselves.
 *
 * @throws PasswordNotAsked if the server has let the user in without it; TooManyRefusedLogins; as `Engine.connect` otherwise
 */
export async function provenLogin<S extends Session>(
  engine: EngineOf<S>,
  login: DatabaseLogin,
  context: Pick<Context, 'deadline'>,
): Promise<S> {
  const { host, port, username } = login;
  const refusals = refusalsIn(context, username);
  const key = keyOf(login);
  const known = refusals.get(key);
  if (known !== undefined) throw new LoginRefused(known);
  if (refusals.size >= engine.refusedLogins) {
    throw new TooManyRefusedLogins(
      `${host}:${port} has refused ${refusals.size} logins of ${username} in this step, and the account may lock itself at one more (FAILED_LOGIN_ATTEMPTS of MySQL, max_password_errors of MariaDB): this password was not tried.`,
    );
  }
  const session = await connected(engine, login, context, (message) => refusals.set(key, message));
  refusals.clear();
  if (!session.passwordNotAsked) return session;
  await session.close();
  throw new PasswordNotAsked(
    `${engine.name} at ${host}:${port} lets ${username} in without asking for a password, so that any password would log in and none can be tested. Let its pg_hba.conf ask this user for one from the address of this function: scram-sha-256 in the place of trust. Reload it (SELECT pg_reload_conf()), then let the rotation repeat.`,
  );
}

/** Only a refused password says that another one is worth trying; every other failure is thrown. */
export async function loggedIn<S extends Session>(
  engine: EngineOf<S>,
  login: DatabaseLogin,
  context: Pick<Context, 'deadline'>,
): Promise<S | undefined> {
  try {
    return await provenLogin(engine, login, context);
  } catch (error) {
    if (error instanceof LoginRefused) return undefined;
    throw error;
  }
}

/** What the server said when it refused this login in this step. */
export function refusalOf(login: DatabaseLogin, context: Pick<Context, 'deadline'>): string | undefined {
  return refusalsIn(context, login.username).get(keyOf(login));
}

async function connected<S extends Session>(
  engine: EngineOf<S>,
  login: DatabaseLogin,
  { deadline }: Pick<Context, 'deadline'>,
  refused: (message: string) => void,
): Promise<S> {
  try {
    return await engine.connect(login, deadline);
  } catch (error) {
    if (error instanceof LoginRefused) refused(error.message);
    throw error;
  }
}

function refusalsIn({ deadline }: Pick<Context, 'deadline'>, username: string): Refusals {
  const users = refusalsOf.get(deadline) ?? new Map<string, Refusals>();
  refusalsOf.set(deadline, users);
  const refusals = users.get(username) ?? new Map<string, string>();
  users.set(username, refusals);
  return refusals;
}

/** Not the password itself: a digest is of no use to who reads a memory dump. */
function keyOf({ host, port, database, tls, password }: DatabaseLogin): string {
  return createHash('sha256')
    .update(JSON.stringify([host, port, database, tls, password.reveal()]))
    .digest('base64');
}
