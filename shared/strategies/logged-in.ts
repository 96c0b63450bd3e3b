import type { DatabaseLogin, Engine, Session, TimeLimit } from '../engines/engine.ts';
import { LoginRefused } from '../errors.ts';
import type { Context } from '../rotation/strategy.ts';

/** An engine whose sessions can more than every engine's. */
export interface EngineOf<S extends Session> extends Engine {
  connect(login: DatabaseLogin, limit: TimeLimit): Promise<S>;
}

/** Only a refused password says that another one is worth trying; every other failure is thrown. */
export async function loggedIn<S extends Session>(
  engine: EngineOf<S>,
  login: DatabaseLogin,
  context: Pick<Context, 'deadline'>,
): Promise<S | undefined> {
  try {
    return await engine.connect(login, context.deadline);
  } catch (error) {
    if (error instanceof LoginRefused) return undefined;
    throw error;
  }
}
