import { CandidateRefused, PromotionConflict, RotationDisabled } from '../errors.ts';
import { refusedWith } from '../secrets/secret-store.ts';
import { type SecretValue, sameValue } from '../secrets/secret-value.ts';
import { refuseUnknownSettings } from '../settings/refuse-unknown.ts';
import {
  type Candidate,
  type CandidateCase,
  releasePending,
  requireCandidate,
  requireNeverCurrent,
  requireSuccessor,
  storedCandidate,
} from './candidate.ts';
import { unlessAborted } from './deadline.ts';
import type { Step } from './event.ts';
import { pendingWatch, requireStaged } from './standing.ts';
import { versionReader } from './version-reader.ts';
import { AWSCURRENT, AWSPREVIOUS, holderOf, standing } from './version-stages.ts';

/** What a step that succeeded has done. */
export type StepResult =
  | 'candidate stored'
  | 'candidate adopted'
  | 'target accepts candidate'
  | 'candidate tested'
  | 'promoted'
  | 'already current';

export interface StepRun<S> extends CandidateCase<S> {
  /** Told when something old could not be retired after the promotion. */
  readonly retirementFailed: (error: unknown) => void;
}

/**
 * Runs one step of a rotation: the only place that knows what the four steps do and in which order. Every step can be
 * repeated from any state that a crash leaves, by another process, and twice at once.
 */
export function runStep<S>(run: StepRun<S>): Promise<StepResult> {
  return steps[run.event.step](run);
}

const steps: { readonly [K in Step]: <S>(run: StepRun<S>) => Promise<StepResult> } = {
  createSecret,
  setSecret,
  testSecret,
  finishSecret,
};

async function createSecret<S>(run: StepRun<S>): Promise<StepResult> {
  const { event, strategy, store, context, origins } = run;
  const { rotationEnabled, stages, tags } = await context.describe();
  if (!rotationEnabled) throw rotationDisabled(run);
  if ((await requireStaged(event, context)) === 'current') return 'already current';
  refuseUnknownSettings(tags, context.environment, strategy.settings);
  if (strategy.mints || stages.get(event.token)?.includes(AWSPREVIOUS)) {
    const stored = await storedCandidate(run);
    if (stored) return await adopt(run, stored);
  }

  const reader = versionReader({ ...run, ...event });
  const candidate = await strategy.create(reader.versions, context);
  strategy.parse(candidate);
  try {
    await store.putPending(event.secretId, event.token, candidate, event.rotationToken);
  } catch (error) {
    if (!refusedWith(error, 'ResourceExistsException')) throw error;
    // Only now is it known whose candidate lives on.
    const stored = await requireCandidate(run);
    await discardUnlessStored(run, candidate, stored);
    return await adopt(run, stored);
  }
  const madeOf = await reader.currentIfRead();
  if (madeOf !== undefined) origins.note(event.token, madeOf);
  return 'candidate stored';
}

async function adopt<S>(run: StepRun<S>, candidate: Candidate<S>): Promise<StepResult> {
  if (candidate.version.stages.includes(AWSCURRENT)) return 'already current';
  await requireSuccessor(run, candidate, true);
  return 'candidate adopted';
}

async function discardUnlessStored<S>(
  { strategy, context }: StepRun<S>,
  minted: SecretValue,
  stored: Candidate<S>,
): Promise<void> {
  if (!strategy.mints || sameValue(stored.version.value, minted)) return;
  await strategy.mints.discard(minted, context);
}

async function setSecret<S>(run: StepRun<S>): Promise<StepResult> {
  const { event, strategy, store, context } = run;
  const watch = pendingWatch(event, store);
  const candidate = await requireCandidate(run);
  if (candidate.version.stages.includes(AWSCURRENT)) return 'already current';
  if (strategy.set) {
    await requireSuccessor(run, candidate);
    const versions = { ...candidate.reader.versions, requireStillPending: watch.requireStillPending };
    await releasingIfRefused(run, strategy.set(versions, context));
    await watch.requirePendingAfterwards();
  }
  return 'target accepts candidate';
}

async function testSecret<S>(run: StepRun<S>): Promise<StepResult> {
  const { strategy, context } = run;
  const candidate = await requireCandidate(run);
  if (candidate.version.stages.includes(AWSCURRENT)) return 'already current';
  await requireNeverCurrent(run, candidate);
  await releasingIfRefused(run, strategy.test(candidate.reader.versions, context));
  return 'candidate tested';
}

async function releasingIfRefused<S>(run: StepRun<S>, act: Promise<void>): Promise<void> {
  try {
    await act;
  } catch (error) {
    if (error instanceof CandidateRefused) await releasePending(run);
    throw error;
  }
}

async function finishSecret<S>(run: StepRun<S>): Promise<StepResult> {
  const { event, strategy, context, origins } = run;
  const result = await promote(run);
  origins.forget(event.token);
  try {
    const { versions } = versionReader({ ...run, ...event });
    if (strategy.finish) await unlessAborted(strategy.finish(versions, context), context.deadline.signal);
  } catch (error) {
    run.retirementFailed(error);
  }
  return result;
}

/**
 * Naming the holder of AWSCURRENT that the candidate is known to succeed makes the move a compare-and-swap: an edit by hand,
 * whenever it comes, makes it fail. Where this process does not know the holder, both versions are read again.
 */
async function promote<S>(run: StepRun<S>): Promise<StepResult> {
  const { event, context, origins } = run;
  const known = origins.of(event.token);
  if (known !== undefined) {
    const { stages } = await context.describe();
    if ((await requireStaged(event, context)) === 'current') return 'already current';
    const isAsKnown = holderOf(stages, AWSCURRENT) === known && !stages.get(event.token)?.includes(AWSPREVIOUS);
    if (isAsKnown && (await moveCurrent(run, known))) return 'promoted';
  }
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const candidate = await requireCandidate(run);
    if (candidate.version.stages.includes(AWSCURRENT)) return 'already current';
    if (await moveCurrent(run, await requireSuccessor(run, candidate))) return 'promoted';
  }
  throw await promotionConflict(run);
}

/** @returns false if AWSCURRENT is not on that version any more */
async function moveCurrent<S>({ event, store }: StepRun<S>, holder: string): Promise<boolean> {
  const { secretId, token } = event;
  try {
    await store.moveStage(secretId, { stage: AWSCURRENT, from: holder, to: token });
    return true;
  } catch (error) {
    if (!refusedWith(error, 'InvalidParameterException') && !refusedWith(error, 'InvalidRequestException')) throw error;
    const { stages } = await store.describe(secretId);
    if (standing(stages, token) === 'current') return true;
    if (holderOf(stages, AWSCURRENT) === holder) throw error;
    return false;
  }
}

async function promotionConflict<S>({ event, store }: StepRun<S>): Promise<PromotionConflict> {
  const holder = holderOf((await store.describe(event.secretId)).stages, AWSCURRENT);
  return new PromotionConflict(
    `AWSCURRENT of ${event.secretId} keeps moving while ${event.token} is being rotated in; now it is on version ${holder}. Check that this is the one that works and that only one person edits the secret, then rotate again.`,
  );
}

/** RotateSecret switches rotation on again, but refuses as long as AWSPENDING waits on another version than AWSCURRENT. */
function rotationDisabled<S>({ event: { secretId, token } }: StepRun<S>): RotationDisabled {
  return new RotationDisabled(
    `Rotation is switched off for ${secretId}, and AWSPENDING waits on ${token}. To rotate again: 1. If AWSCURRENT does not work at the target and AWSPENDING does, make that one current: aws secretsmanager update-secret-version-stage --secret-id ${secretId} --version-stage AWSCURRENT --move-to-version-id ${token} --remove-from-version-id CURRENT_VERSION. 2. Take AWSPENDING off: aws secretsmanager update-secret-version-stage --secret-id ${secretId} --version-stage AWSPENDING --remove-from-version-id ${token}. 3. Switch rotation on, which rotates: aws secretsmanager rotate-secret --secret-id ${secretId}`,
  );
}
