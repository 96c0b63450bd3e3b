import { setTimeout } from 'node:timers/promises';

/** Time, for whoever waits for an issuer; a parameter so that tests need not wait. */
export interface KeyClock {
  now(): Date;
  /** Rejects with the signal's reason if that comes first. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export const realTime: KeyClock = {
  now: () => new Date(),
  async wait(milliseconds, signal) {
    try {
      await setTimeout(milliseconds, undefined, { signal });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  },
};
