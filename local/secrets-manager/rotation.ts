import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { FunctionHost } from '../invocation.ts';
import { alreadyExists } from './errors.ts';
import {
  type EventOrigin,
  type RotationProgress,
  type RotationResult,
  type ServiceEvent,
  type ServiceEventName,
  serviceEvent,
  steps,
} from './rotation-events.ts';
import { driveRotation, type Run } from './rotation-run.ts';
import { reschedule, type Secret } from './secret.ts';
import type { Store } from './store.ts';

export type RotationOptions = EventOrigin & {
  readonly store: Store;
  /** Without one, no function can be run. */
  readonly functions: FunctionHost | undefined;
  readonly retries: number;
  readonly retryDelayMs: number;
  /** Whether AWSPENDING leaves the version that a rotation made current. The real service does, at some time. */
  readonly clearPendingAfterSuccess: boolean;
};

/**
 * The rotations of all secrets, one at a time for each: starts them behind the back of RotateSecret, knows which are under
 * way, tells what happens in them, and settles what they leave.
 */
export class Rotations {
  readonly #options: RotationOptions;
  readonly #running = new Map<string, Run>();
  readonly #ongoing = new Set<Promise<void>>();
  readonly #listeners = new Set<(progress: RotationProgress) => void>();
  readonly #events: ServiceEvent[] = [];
  readonly #results: RotationResult[] = [];

  constructor(options: RotationOptions) {
    this.#options = options;
  }

  /** What the service told so far, oldest first. */
  get events(): readonly ServiceEvent[] {
    return this.#events;
  }

  /** The rotations that ended, oldest first. */
  get results(): readonly RotationResult[] {
    return this.#results;
  }

  /** @returns how to stop listening */
  onProgress(listener: (progress: RotationProgress) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  canRun(functionArn: string): boolean {
    return this.#options.functions?.has(functionArn) === true;
  }

  /** The token of the rotation that is under way. */
  running(secretArn: string): string | undefined {
    return this.#running.get(secretArn)?.identity.versionId;
  }

  /** Stages AWSPENDING on the token and rotates, unless that very rotation runs already or was completed. */
  start(secret: Secret, functionArn: string, token: string): void {
    if (this.running(secret.arn) === token || secret.versions.holderOf('AWSCURRENT')?.id === token) return;
    secret.versions.stagePending(token, undefined, this.#options.store.now());
    this.#begin(secret, functionArn, token, false);
  }

  /**
   * Runs testSecret alone, once, on a temporary version that holds a copy of the current value.
   *
   * @throws ResourceExistsException if the token is that of a version: the temporary one is thrown away in the end
   */
  test(secret: Secret, functionArn: string, token: string): void {
    if (this.running(secret.arn) === token) return;
    if (secret.versions.get(token) !== undefined) {
      throw alreadyExists(
        `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${secret.arn}.`,
      );
    }
    const current = secret.versions.holderOf('AWSCURRENT')?.value;
    secret.versions.stagePending(token, current, this.#options.store.now());
    this.#begin(secret, functionArn, token, true);
  }

  /**
   * Lets no further step begin; one that runs is not interrupted.
   *
   * @returns the token of the rotation that was cancelled
   */
  cancel = (secretArn: string): string | undefined => {
    const run = this.#running.get(secretArn);
    run?.cancellation.abort();
    this.#running.delete(secretArn);
    return run?.identity.versionId;
  };

  cancelAll(): void {
    for (const secretArn of this.#running.keys()) this.cancel(secretArn);
  }

  /** Resolves when no rotation is under way any more. */
  async settled(): Promise<void> {
    while (this.#ongoing.size > 0) await Promise.all(this.#ongoing);
  }

  #begin(secret: Secret, functionArn: string, versionId: string, testOnly: boolean): void {
    const run: Run = {
      identity: { secretArn: secret.arn, secretName: secret.name, versionId, functionArn, testOnly },
      secret,
      steps: testOnly ? ['testSecret'] : steps,
      attempts: testOnly ? 1 : this.#options.retries + 1,
      currentAtStart: secret.versions.holderOf('AWSCURRENT')?.id,
      rotationToken: randomUUID(),
      cancellation: new AbortController(),
    };
    this.#running.set(secret.arn, run);
    const ongoing = this.#rotate(run).finally(() => this.#ongoing.delete(ongoing));
    this.#ongoing.add(ongoing);
  }

  async #rotate(run: Run): Promise<void> {
    // The answer to RotateSecret leaves first.
    await setImmediate();
    this.#tell(run, 'Started');
    const ending = await driveRotation(run, this.#options, (progress) => this.#emit(progress));
    this.#end(run, { ...run.identity, ...ending });
  }

  #end(run: Run, result: RotationResult): void {
    const { secret, identity } = run;
    const now = this.#options.store.now();
    if (this.#running.get(secret.arn) === run) this.#running.delete(secret.arn);
    if (identity.testOnly) {
      secret.versions.discard(identity.versionId);
    } else if (result.outcome === 'succeeded') {
      if (this.#options.clearPendingAfterSuccess) secret.versions.clearPending(identity.versionId, now);
      secret.lastChanged = now;
      if (secret.rotation !== undefined) {
        secret.rotation.lastRotated = now;
        reschedule(secret.rotation, now);
      }
    }
    this.#results.push(result);
    if (result.outcome === 'succeeded') this.#tell(run, 'Succeeded');
    if (result.outcome === 'abandoned') this.#tell(run, 'Abandoned');
    if (result.outcome === 'failed') {
      const message = `Error when executing lambda ${identity.functionArn} during ${result.failure?.step} step`;
      this.#tell(run, 'Failed', message);
    }
    this.#emit({ kind: 'ended', rotation: identity, result });
  }

  #tell(run: Run, what: 'Started' | 'Succeeded' | 'Failed' | 'Abandoned', errorMessage?: string): void {
    // A test is never abandoned: it promotes nothing.
    const name: ServiceEventName =
      run.identity.testOnly && what !== 'Abandoned' ? `TestRotation${what}` : `Rotation${what}`;
    const event = serviceEvent(name, run.secret.arn, this.#options.store.now(), this.#options, errorMessage);
    this.#events.push(event);
    this.#emit({ kind: 'event', rotation: run.identity, event });
  }

  #emit(progress: RotationProgress): void {
    for (const listener of this.#listeners) listener(progress);
  }
}
