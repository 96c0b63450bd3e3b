import { CandidateGivenUp, InvalidSecret, NoCandidate, RotationError } from '../errors.ts';
import { refusedWith, type SecretStore, type SecretVersion } from '../secrets/secret-store.ts';
import { sameValue } from '../secrets/secret-value.ts';
import type { RotationEvent } from './event.ts';
import type { Origins } from './origins.ts';
import { requireStaged } from './standing.ts';
import type { Context, Strategy } from './strategy.ts';
import { type VersionReader, versionReader } from './version-reader.ts';
import { AWSCURRENT, AWSPENDING, AWSPREVIOUS } from './version-stages.ts';

/** What it takes to look at a candidate and, if need be, to give it up. */
export interface CandidateCase<S> {
  readonly event: RotationEvent;
  readonly strategy: Strategy<S>;
  readonly store: SecretStore;
  readonly context: Context;
  readonly origins: Origins;
}

/** A candidate and the versions that it is to be judged by. */
export interface Candidate<S> {
  readonly version: SecretVersion;
  readonly reader: VersionReader<S>;
}

/**
 * The version of the token, with AWSPENDING; with AWSCURRENT if it was promoted already. GetSecretValue checks the
 * staging by itself; only when it objects is it worth asking why.
 *
 * @throws NoCandidate if it has no value, VersionNotStaged if it has neither label
 */
export async function requireCandidate<S>(of: CandidateCase<S>): Promise<Candidate<S>> {
  const { event, store, context } = of;
  const { secretId, token } = event;
  try {
    return withReader(of, await store.read(secretId, { id: token, stage: AWSPENDING }));
  } catch (error) {
    const absent = refusedWith(error, 'ResourceNotFoundException');
    if (!absent && !refusedWith(error, 'InvalidRequestException')) throw error;
    if ((await requireStaged(event, context)) === 'current')
      return withReader(of, await store.read(secretId, { id: token, stage: AWSCURRENT }));
    if (!absent) throw error;
    throw new NoCandidate(
      `AWSPENDING of ${secretId} has no value yet: createSecret has not stored one for ${token}. Secrets Manager repeats a rotation from createSecret on; if it no longer does, take AWSPENDING off and rotate again: ${takingOff(event)}`,
      { cause: error },
    );
  }
}

/** The candidate that an earlier try has stored, if there is one. */
export async function storedCandidate<S>(of: CandidateCase<S>): Promise<Candidate<S> | undefined> {
  const { event, store } = of;
  try {
    return withReader(of, await store.read(event.secretId, { id: event.token, stage: AWSPENDING }));
  } catch (error) {
    if (refusedWith(error, 'ResourceNotFoundException')) return undefined;
    throw error;
  }
}

function withReader<S>(of: CandidateCase<S>, version: SecretVersion): Candidate<S> {
  return { version, reader: versionReader({ ...of, ...of.event, candidate: version }) };
}

/**
 * Lets only a candidate pass that may take the place of today's AWSCURRENT. Any other is given up: what was current before,
 * what is older than AWSCURRENT, and what differs from what this function would have made. By its date, a candidate whose placeholder was staged
 * before an edit looks older than the edit although it was made of it; this process may know better.
 *
 * @param adopted whether an earlier try, or somebody else, has stored it: then the settings and the date of the last
 *   rotation are asked as well
 * @returns the id of AWSCURRENT
 * @throws CandidateGivenUp once AWSCURRENT works and AWSPENDING is released; what keeps AWSCURRENT from working otherwise
 */
export async function requireSuccessor<S>(
  of: CandidateCase<S>,
  candidate: Candidate<S>,
  adopted = false,
): Promise<string> {
  const { id } = await candidate.reader.current();
  const known = of.origins.of(of.event.token) === id;
  const reason =
    wasCurrent(candidate.version.stages) ??
    (known ? undefined : await isOutdated(of, candidate, adopted)) ??
    (known && !adopted ? undefined : await isNotOurs(of, candidate, adopted));
  if (reason !== undefined) return await giveUp(of, candidate, reason);
  of.origins.note(of.event.token, id);
  return id;
}

/** Gives the candidate up if it was current before, which its own labels tell. */
export async function requireNeverCurrent<S>(of: CandidateCase<S>, candidate: Candidate<S>): Promise<void> {
  const reason = wasCurrent(candidate.version.stages);
  if (reason !== undefined) await giveUp(of, candidate, reason);
}

function wasCurrent(stages: readonly string[]): string | undefined {
  return stages.includes(AWSPREVIOUS) ? 'it was current before: it also holds AWSPREVIOUS' : undefined;
}

async function isOutdated<S>(
  { context }: CandidateCase<S>,
  { version: { createdAt }, reader }: Candidate<S>,
  adopted: boolean,
): Promise<string | undefined> {
  const current = await reader.current();
  if (createdAt === undefined) return undefined;
  if (current.createdAt !== undefined && current.createdAt > createdAt) {
    return `AWSCURRENT (version ${current.id}) was written after it`;
  }
  const lastRotatedAt = adopted ? (await context.describe()).lastRotatedAt : undefined;
  return lastRotatedAt !== undefined && lastRotatedAt > createdAt
    ? 'a rotation was completed since it was made, so it may have been current before'
    : undefined;
}

async function isNotOurs<S>(
  { strategy, context }: CandidateCase<S>,
  { version, reader }: Candidate<S>,
  adopted: boolean,
): Promise<string | undefined> {
  const current = await reader.versions.current();
  let candidate: S;
  try {
    candidate = await reader.versions.candidate();
    if (!sameValue(await strategy.recreate(current, candidate, context), version.value)) {
      return 'it is not what this function makes of AWSCURRENT: other fields differ, or AWSCURRENT was changed';
    }
  } catch (error) {
    if (error instanceof InvalidSecret) return 'it is not what this function makes of AWSCURRENT';
    throw error;
  }
  if (!adopted || !strategy.couldDraw || (await strategy.couldDraw(candidate, current, context))) return undefined;
  return "it holds a value that the secret's tags and the function's settings do not allow";
}

/** First the target, then the label: whatever is interrupted, the candidate can still be found by its label. */
async function giveUp<S>(of: CandidateCase<S>, candidate: Candidate<S>, reason: string): Promise<never> {
  const { event, strategy, context, origins } = of;
  origins.forget(event.token);
  const why = `The candidate ${event.token} of ${event.secretId} is given up, because ${reason}.`;
  try {
    await strategy.restore?.(candidate.reader.versions, context);
  } catch (error) {
    if (error instanceof RotationError) {
      error.message = `${error.message} ${why} AWSPENDING stays on it until AWSCURRENT works; then rotate again.`;
    }
    throw error;
  }
  const released = await releasePending(of);
  throw new CandidateGivenUp(
    `${why} AWSCURRENT is as it was${strategy.restore ? ' and works' : ''}. ${released ? 'AWSPENDING was taken off the candidate.' : `Take AWSPENDING off it: ${takingOff(event)}.`} Rotate again: aws secretsmanager rotate-secret --secret-id ${event.secretId}`,
  );
}

/** So that the next rotation starts with a new candidate instead of "A previous rotation isn't complete". */
export async function releasePending<S>({ event, store, context }: CandidateCase<S>): Promise<boolean> {
  try {
    await store.moveStage(event.secretId, { stage: AWSPENDING, from: event.token });
    return true;
  } catch {
    context.warn(
      `AWSPENDING could not be taken off the candidate. Take it off before the next rotation: ${takingOff(event)}`,
    );
    return false;
  }
}

function takingOff({ secretId, token }: RotationEvent): string {
  return `aws secretsmanager update-secret-version-stage --secret-id ${secretId} --version-stage ${AWSPENDING} --remove-from-version-id ${token}`;
}
