import { setTimeout } from 'node:timers/promises';

/** Time, for whoever waits; a parameter so that tests need not wait. */
export interface Clock {
  now(): Date;
  /** Rejects with the signal's reason if that comes first. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export const realTime: Clock = {
  now: () => new Date(),
  async wait(milliseconds, signal) {
    try {
      await setTimeout(milliseconds, undefined, { signal });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  },
};
