import { setTimeout } from 'node:timers/promises';
import type { FunctionHost, Invocation } from '../invocation.ts';
import type { RotationIdentity, RotationProgress, RotationResult, Step } from './rotation-events.ts';
import type { Secret } from './secret.ts';

/** One rotation under way. */
export type Run = {
  readonly identity: RotationIdentity;
  readonly secret: Secret;
  readonly steps: readonly Step[];
  /** How often the whole process is tried. The real number is undocumented. */
  readonly attempts: number;
  readonly currentAtStart: string | undefined;
  readonly rotationToken: string;
  readonly cancellation: AbortController;
};

type Host = { readonly functions: FunctionHost | undefined; readonly retryDelayMs: number };
type Tell = (progress: RotationProgress) => void;
type Attempt = Pick<RotationResult, 'outcome' | 'failure'>;

/**
 * Invokes the function step by step. A failed attempt is repeated from the first step with the same tokens, and the labels
 * stay as the function left them. Never rejects.
 */
export async function driveRotation(run: Run, host: Host, tell: Tell): Promise<Attempt & { attempts: number }> {
  for (let attempts = 1; ; attempts++) {
    const attempt = await tryOnce(run, attempts, host, tell);
    if (attempt.outcome !== 'failed' || attempts === run.attempts) return { attempts, ...attempt };
    tell({ kind: 'retrying', rotation: run.identity, attempt: attempts + 1, delayMs: host.retryDelayMs });
    // Cancelling cuts the wait short; the next attempt then finds out by itself.
    await setTimeout(host.retryDelayMs, undefined, { signal: run.cancellation.signal }).catch(() => undefined);
  }
}

async function tryOnce(run: Run, attempt: number, host: Host, tell: Tell): Promise<Attempt> {
  const { identity: rotation, secret } = run;
  for (const step of run.steps) {
    const stopped = stopReason(run);
    if (stopped !== undefined) return stopped;
    tell({ kind: 'step-started', rotation, step, attempt });
    const invocation = await invoke(run, step, host);
    tell({ kind: 'step-ended', rotation, step, attempt, invocation });
    if (invocation.outcome === 'failed') {
      const { errorType, errorMessage } = invocation.error;
      return stopReason(run) ?? { outcome: 'failed', failure: { step, reason: `${errorType}: ${errorMessage}` } };
    }
  }
  const stopped = stopReason(run);
  if (stopped !== undefined) return stopped;
  if (rotation.testOnly || secret.versions.holderOf('AWSCURRENT')?.id === rotation.versionId) {
    return { outcome: 'succeeded' };
  }
  const reason = `All steps returned, but AWSCURRENT is not on version ${rotation.versionId}.`;
  return { outcome: 'failed', failure: { step: 'finishSecret', reason } };
}

/** A third version that became current was written by hand: what this rotation would promote is outdated. */
function stopReason({ identity, secret, currentAtStart, cancellation }: Run): Attempt | undefined {
  if (cancellation.signal.aborted) return { outcome: 'cancelled' };
  const current = secret.versions.holderOf('AWSCURRENT')?.id;
  // A test promotes nothing, so it cannot be outdated.
  if (identity.testOnly || current === currentAtStart || current === identity.versionId) return undefined;
  return { outcome: 'abandoned' };
}

async function invoke(run: Run, step: Step, { functions }: Host): Promise<Invocation> {
  const { functionArn, secretArn, versionId } = run.identity;
  const event = { Step: step, SecretId: secretArn, ClientRequestToken: versionId, RotationToken: run.rotationToken };
  try {
    if (functions === undefined) throw new Error(`Nobody here runs ${functionArn}`);
    return await functions.invoke(functionArn, event);
  } catch (cause) {
    // A host must not reject; one that does ends a rotation, not the server.
    const error = { errorType: 'FunctionHostFailed', errorMessage: String(cause), trace: [] };
    return { outcome: 'failed', error, durationMs: 0, log: [] };
  }
}
