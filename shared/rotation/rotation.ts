import {
  CandidateRefused,
  InvalidSecret,
  NoCandidate,
  NoCurrentValue,
  PromotionConflict,
  RotationDisabled,
  VersionNotStaged,
} from '../errors.ts';
import { refusedWith, type SecretStore, type SecretVersion } from '../secrets/secret-store.ts';
import { type SecretValue, sameValue } from '../secrets/secret-value.ts';
import { unlessAborted } from './deadline.ts';
import type { RotationEvent, Step } from './event.ts';
import type { Context, StagedVersions, Strategy } from './strategy.ts';
import { AWSCURRENT, AWSPENDING, AWSPREVIOUS, holderOf, standing } from './version-stages.ts';

/** What a step that succeeded has done. */
export type StepResult =
  | 'candidate stored'
  | 'candidate adopted'
  | 'target accepts candidate'
  | 'candidate tested'
  | 'promoted'
  | 'already current';

export interface StepRun<S> {
  readonly event: RotationEvent;
  readonly strategy: Strategy<S>;
  readonly store: SecretStore;
  readonly context: Context;
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
  setSecret: (run) =>
    onCandidate(run, 'target accepts candidate', (versions, context) => run.strategy.set(versions, context)),
  testSecret: (run) =>
    onCandidate(run, 'candidate tested', (versions, context) => run.strategy.test(versions, context)),
  finishSecret,
};

async function createSecret<S>(run: StepRun<S>): Promise<StepResult> {
  const { event, strategy, store, context } = run;
  const { rotationEnabled } = await context.describe();
  if (!rotationEnabled) {
    throw new RotationDisabled(
      `Rotation is switched off for ${event.secretId}. Switch it on with: aws secretsmanager rotate-secret --secret-id ${event.secretId}`,
    );
  }
  if ((await standingOf(run)) === 'current') return 'already current';
  if (strategy.mints && (await storedCandidate(run))) return 'candidate adopted';

  const candidate = await strategy.create(versionsOf(run), context);
  strategy.parse(candidate);
  try {
    await store.putPending(event.secretId, event.token, candidate, event.rotationToken);
    return 'candidate stored';
  } catch (error) {
    if (!refusedWith(error, 'ResourceExistsException')) throw error;
    await discardUnlessStored(run, candidate);
    return 'candidate adopted';
  }
}

/** The service has said that the token holds a value: only then is it known whose candidate lives on. */
async function discardUnlessStored<S>(run: StepRun<S>, minted: SecretValue): Promise<void> {
  const { event, strategy, store, context } = run;
  if (!strategy.mints) return;
  const stored = await store.read(event.secretId, { id: event.token, stage: AWSPENDING });
  if (!sameValue(stored.value, minted)) await strategy.mints.discard(minted, context);
}

async function onCandidate<S>(
  run: StepRun<S>,
  result: StepResult,
  act: (versions: StagedVersions<S>, context: Context) => Promise<void>,
): Promise<StepResult> {
  const candidate = await requireCandidate(run);
  if (candidate.stages.includes(AWSCURRENT)) return 'already current';
  try {
    await act(versionsOf(run, candidate), run.context);
    return result;
  } catch (error) {
    if (error instanceof CandidateRefused) await unstage(run);
    throw error;
  }
}

/** So that the next rotation starts with a new candidate instead of "A previous rotation isn't complete". */
async function unstage<S>({ event, store, context }: StepRun<S>): Promise<void> {
  try {
    await store.moveStage(event.secretId, { stage: AWSPENDING, from: event.token });
  } catch {
    context.warn(
      `AWSPENDING could not be taken off the refused candidate. Take it off before the next rotation: aws secretsmanager update-secret-version-stage --secret-id ${event.secretId} --version-stage ${AWSPENDING} --remove-from-version-id ${event.token}`,
    );
  }
}

async function finishSecret<S>(run: StepRun<S>): Promise<StepResult> {
  const { strategy, context } = run;
  const result = (await standingOf(run)) === 'current' ? 'already current' : await promote(run);
  try {
    if (strategy.finish) await unlessAborted(strategy.finish(versionsOf(run), context), context.deadline.signal);
  } catch (error) {
    run.retirementFailed(error);
  }
  return result;
}

/** Naming the observed holder makes the move a compare-and-swap. */
async function promote<S>({ event, store, context }: StepRun<S>): Promise<StepResult> {
  const { secretId, token } = event;
  const holder = holderOf((await context.describe()).stages, AWSCURRENT);
  if (holder === undefined) throw noCurrentValue(secretId);
  try {
    await store.moveStage(secretId, { stage: AWSCURRENT, from: holder, to: token });
    return 'promoted';
  } catch (error) {
    if (!refusedWith(error, 'InvalidParameterException') && !refusedWith(error, 'InvalidRequestException')) throw error;
    const { stages } = await store.describe(secretId);
    if (standing(stages, token) === 'current') return 'promoted';
    const holderNow = holderOf(stages, AWSCURRENT);
    if (holderNow === holder) throw error;
    throw new PromotionConflict(
      `AWSCURRENT of ${secretId} moved from version ${holder} to ${holderNow} while ${token} was being rotated in. Check that the new AWSCURRENT is the one that works, take AWSPENDING off ${token} if it is still there, then rotate again.`,
      { cause: error },
    );
  }
}

async function standingOf<S>({ event, context }: StepRun<S>): Promise<'pending' | 'current'> {
  const where = standing((await context.describe()).stages, event.token);
  if (where !== 'not staged') return where;
  throw new VersionNotStaged(
    `Version ${event.token} of ${event.secretId} holds neither AWSPENDING nor AWSCURRENT: its rotation was cancelled, refused or replaced by another one. If the secret should be rotated, start anew: aws secretsmanager rotate-secret --secret-id ${event.secretId}`,
  );
}

async function storedCandidate<S>({ event, store }: StepRun<S>): Promise<SecretVersion | undefined> {
  try {
    return await store.read(event.secretId, { id: event.token, stage: AWSPENDING });
  } catch (error) {
    if (refusedWith(error, 'ResourceNotFoundException')) return undefined;
    throw error;
  }
}

/** GetSecretValue checks the staging by itself; only when it objects is it worth asking why. */
async function requireCandidate<S>(run: StepRun<S>): Promise<SecretVersion> {
  const { event, store } = run;
  try {
    return await store.read(event.secretId, { id: event.token, stage: AWSPENDING });
  } catch (error) {
    const absent = refusedWith(error, 'ResourceNotFoundException');
    if (!absent && !refusedWith(error, 'InvalidRequestException')) throw error;
    if ((await standingOf(run)) === 'current')
      return await store.read(event.secretId, { id: event.token, stage: AWSCURRENT });
    if (!absent) throw error;
    throw new NoCandidate(
      `AWSPENDING of ${event.secretId} has no value yet: createSecret has not stored one for ${event.token}. Secrets Manager repeats a rotation from createSecret on; if it no longer does, take AWSPENDING off and rotate again: aws secretsmanager update-secret-version-stage --secret-id ${event.secretId} --version-stage ${AWSPENDING} --remove-from-version-id ${event.token}`,
      { cause: error },
    );
  }
}

function versionsOf<S>({ event, strategy, store }: StepRun<S>, candidate?: SecretVersion): StagedVersions<S> {
  const parse = (label: string, { value }: SecretVersion): S => {
    try {
      return strategy.parse(value);
    } catch (error) {
      if (!(error instanceof InvalidSecret)) throw error;
      throw new InvalidSecret(`${label} of ${event.secretId}: ${error.message}`, { cause: error.cause });
    }
  };
  return {
    current: once(async () => {
      try {
        return parse(AWSCURRENT, await store.read(event.secretId, { stage: AWSCURRENT }));
      } catch (error) {
        throw refusedWith(error, 'ResourceNotFoundException') ? noCurrentValue(event.secretId, error) : error;
      }
    }),
    previous: once(async () => {
      try {
        return parse(AWSPREVIOUS, await store.read(event.secretId, { stage: AWSPREVIOUS }));
      } catch (error) {
        if (refusedWith(error, 'ResourceNotFoundException')) return undefined;
        throw error;
      }
    }),
    candidate: once(async () =>
      parse(AWSPENDING, candidate ?? (await store.read(event.secretId, { id: event.token, stage: AWSPENDING }))),
    ),
  };
}

function noCurrentValue(secretId: string, cause?: unknown): NoCurrentValue {
  return new NoCurrentValue(
    `${secretId} has no version with AWSCURRENT and a value, so there is nothing to rotate. Store the first value: aws secretsmanager put-secret-value --secret-id ${secretId} --secret-string file://value`,
    { cause },
  );
}

export function once<T>(read: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= read();
    return answer;
  };
}
