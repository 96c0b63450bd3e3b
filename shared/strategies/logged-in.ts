import type { DatabaseLogin, Engine, Session, TimeLimit } from '../engines/engine.ts';
import { LoginRefused, PasswordNotAsked } from '../errors.ts';
import type { Context } from '../rotation/strategy.ts';

/** An engine whose sessions can more than every engine's. */
export interface EngineOf<S extends Session> extends Engine {
  connect(login: DatabaseLogin, limit: TimeLimit): Promise<S>;
}

/**
 * A session that shows that the password is the user's.
 *
 * @throws PasswordNotAsked if the server has let the user in without it; as `Engine.connect` otherwise
 */
export async function provenLogin<S extends Session>(
  engine: EngineOf<S>,
  login: DatabaseLogin,
  context: Pick<Context, 'deadline'>,
): Promise<S> {
  const session = await engine.connect(login, context.deadline);
  if (!session.passwordNotAsked) return session;
  await session.close();
  const { host, port, username } = login;
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
