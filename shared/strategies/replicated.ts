import { setTimeout as wait } from 'node:timers/promises';
import type { DatabaseLogin, Engine } from '../engines/engine.ts';
import { Unreachable } from '../errors.ts';
import type { Context } from '../rotation/strategy.ts';
import { loggedIn } from './logged-in.ts';

const PAUSE_MS = 250;

/**
 * What was changed at a primary or a writer reaches the other endpoints of the database later. Returns as soon as the
 * login works where clients use it; at once if that is where it was changed.
 *
 * @throws Unreachable if that takes longer than the step may; the work is done, and the repeated step finds it done
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
  for (;;) {
    const session = await loggedIn(engine, login, context);
    if (session) return await session.close();
    if (context.deadline.remaining() <= PAUSE_MS) {
      throw new Unreachable(
        `${changedAt.host}:${changedAt.port} took the new password of ${login.username}, which ${login.host}:${login.port} has not heard of yet. Look at its replication lag; the rotation can be repeated.`,
      );
    }
    await pause(PAUSE_MS, context.deadline.signal);
  }
}
