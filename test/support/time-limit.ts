import type { TimeLimit } from '../../shared/engines/engine.ts';

/** A limit that ends so many milliseconds from now, or when `cut` says so. */
export function timeLimit(milliseconds = 20_000, cut?: AbortSignal): TimeLimit {
  const ends = performance.now() + milliseconds;
  const timeUp = AbortSignal.timeout(milliseconds);
  return {
    remaining: () => Math.max(0, ends - performance.now()),
    signal: cut ? AbortSignal.any([timeUp, cut]) : timeUp,
  };
}
