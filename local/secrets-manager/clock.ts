/** Tells the time of the service. All its dates, schedules and retention periods go by this clock. */
export type Clock = () => Date;

const dayMs = 86_400_000;

/**
 * A clock on which a day passes in `millisecondsPerDay` real ones, counted from now, so that a schedule of 30 days can be
 * watched. Every date that the service shows is then a date of this clock.
 */
export function acceleratedClock(millisecondsPerDay: number, real: Clock = () => new Date()): Clock {
  const start = real().getTime();
  const speed = dayMs / millisecondsPerDay;
  return () => new Date(start + (real().getTime() - start) * speed);
}
