import { setTimeout as wait } from 'node:timers/promises';
import type { DatabaseLogin, Engine } from '../engines/engine.ts';
import { LoginRefused, Unreachable } from '../errors.ts';
import type { Context } from '../rotation/strategy.ts';

const SHORTEST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** Where the tries are counted. Most replicas lag less, and the others are heard of by the repeated step. */
const ONLY_PAUSE_MS = 10_000;

/**
 * What was changed at a primary or a writer reaches the other endpoints of the database later. Returns as soon as the
 * login works where clients use it; at once if that is where it was changed. The pauses between two tries grow, and where an account can lock
 * itself at refused logins, as many are enough as `Engine.refusedLogins` says.
 *
 * @throws Unreachable if that takes longer; the work is done, and the repeated step finds it done
 */
export async function replicated(
  engine: Engine,
  login: DatabaseLogin,
  changedAt: DatabaseLogin,
  context: Pick<Context, 'deadline'>,
  pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown> = (milliseconds, signal) =>
    wait(milliseconds, undefined, { signal }),
): Promise<void> {
  if (login.host === changedAt.host && login.port === changedAt.port) return;
  const { deadline } = context;
  for (let refused = 1; ; refused += 1) {
    if (await isAccepted(engine, login, context)) return;
    const usual = Number.isFinite(engine.refusedLogins)
      ? ONLY_PAUSE_MS
      : Math.min(SHORTEST_PAUSE_MS * 2 ** (refused - 1), LONGEST_PAUSE_MS);
    const next = Math.min(usual, deadline.remaining() / 2);
    if (next < SHORTEST_PAUSE_MS || refused >= engine.refusedLogins) {
      throw new Unreachable(
        `${changedAt.host}:${changedAt.port} took the new password of ${login.username}, which ${login.host}:${login.port} has not heard of yet. Look at its replication lag; the rotation can be repeated.`,
      );
    }
    await pause(next, deadline.signal);
  }
}

async function isAccepted(
  engine: Engine,
  login: DatabaseLogin,
  { deadline }: Pick<Context, 'deadline'>,
): Promise<boolean> {
  try {
    await (await engine.connect(login, deadline)).close();
    return true;
  } catch (error) {
    if (error instanceof LoginRefused) return false;
    throw error;
  }
}
