import { OutOfTime } from '../errors.ts';

/** What is kept back of the function's time, so that it can still log and answer: at most this many milliseconds. */
const RESERVE_MS = 2_500;

/** How long a step may still take. */
export interface Deadline {
  /** How long a run of this function can last, in milliseconds: what was left of its time when it began. */
  readonly longest: number;
  /** Milliseconds, never negative. */
  remaining(): number;
  /** Aborts when the time is up, with `OutOfTime` as its reason. */
  readonly signal: AbortSignal;
}

/**
 * Runs `work` under a deadline that lies before the function's own time limit; the promise settles by then, whatever
 * `work` does.
 *
 * @param timeLeft milliseconds until the function is killed, as Lambda's `getRemainingTimeInMillis`
 * @throws OutOfTime when the time is up
 */
export async function withDeadline<T>(timeLeft: () => number, work: (deadline: Deadline) => Promise<T>): Promise<T> {
  const total = timeLeft();
  const reserve = Math.min(RESERVE_MS, total / 2);
  const abort = new AbortController();
  const { promise: timeUp, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => {
      const error = new OutOfTime(
        `The step did not end within ${Math.round((total - reserve) / 1000)} s. Nothing is lost: Secrets Manager repeats the rotation. If this comes back, look for what is slow in the lines above, or raise the function's timeout.`,
      );
      abort.abort(error);
      // First whoever heeds the signal has its say: which call it waited for, or that the work is done all the same.
      setImmediate(() => reject(error));
    },
    Math.max(0, total - reserve),
  );
  try {
    return await Promise.race([
      work({ longest: total, remaining: () => Math.max(0, timeLeft() - reserve), signal: abort.signal }),
      timeUp,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

/** `work`, or the signal's reason if that comes first: for work that need not heed the signal. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', abort));
}
