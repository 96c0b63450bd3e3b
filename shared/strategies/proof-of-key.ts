import type { Clock } from '../clock.ts';
import type { Issuer } from '../providers/provider.ts';
import type { Deadline } from '../rotation/deadline.ts';
import type { KeySecret } from './key-secret.ts';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;
/** What is left for an answer, so that the step can say itself why it fails. */
const LAST_ASK_MS = 1_000;

/**
 * Asks the issuer until it accepts the key, for as long as a new key may take to work. `not in time`: the deadline came
 * first, and nothing is known for good.
 */
export async function proof(
  issuer: Pick<Issuer, 'facts' | 'accepts'>,
  { id, value }: KeySecret,
  deadline: Deadline,
  clock: Clock,
): Promise<'accepted' | 'refused' | 'not in time'> {
  if (value.reveal() === '') return 'refused';
  const { propagationMs } = issuer.facts;
  const began = clock.now().getTime();
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    if (await issuer.accepts({ id, value })) return 'accepted';
    const left = propagationMs - (clock.now().getTime() - began);
    if (left <= 0) return 'refused';
    const next = Math.min(pause, left);
    if (deadline.remaining() < next + LAST_ASK_MS) return 'not in time';
    await clock.wait(next, deadline.signal);
  }
}
