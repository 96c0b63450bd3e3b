import type { FunctionHost } from '../invocation.ts';
import { listening } from '../listening.ts';
import { acceleratedClock, type Clock } from './clock.ts';
import { Rotations } from './rotation.ts';
import type { RotationProgress, RotationResult, ServiceEvent } from './rotation-events.ts';
import { startDue } from './scheduler.ts';
import type { Secret } from './secret.ts';
import { randomArnSuffix } from './secret-id.ts';
import { Store } from './store.ts';
import { wireServer } from './wire.ts';

export type SecretsManagerOptions = {
  /** 0, the default, takes any free port. */
  readonly port?: number | undefined;
  readonly region?: string;
  readonly accountId?: string;
  /** Who runs rotation functions. Without one, RotateSecret answers that the function cannot be invoked. */
  readonly functions?: FunctionHost | undefined;
  /** How often the whole rotation is repeated after a failure; 2 unless given. */
  readonly retries?: number;
  /** The pause before each repetition; 1000 unless given. */
  readonly retryDelayMs?: number;
  /**
   * Whether AWSPENDING leaves a version once its rotation succeeded, as on AWS at some time; true unless given. With
   * false it stays where the function left it, which the protocol allows too.
   */
  readonly clearPendingAfterSuccess?: boolean;
  readonly clock?: Clock;
  /** The six characters that end each new ARN; random unless given. */
  readonly arnSuffix?: () => string;
  /** Lets a day of the clock pass in this many real milliseconds, so that a schedule can be watched. */
  readonly millisecondsPerDay?: number | undefined;
  /** How often, in real milliseconds, to start due rotations. Without it only `runDue` does. */
  readonly scheduleEveryMs?: number | undefined;
};

export type LocalSecretsManager = {
  readonly endpoint: string;
  readonly port: number;
  /** The secrets themselves, for whoever wants to look or interfere without the API. */
  readonly store: Store;
  /** EventBridge's view of all rotations, oldest first. */
  readonly events: readonly ServiceEvent[];
  /** The rotations that ended, oldest first. */
  readonly results: readonly RotationResult[];
  /** Calls back for each step and event as it happens. Returns how to stop listening. */
  onProgress(listener: (progress: RotationProgress) => void): () => void;
  /** Resolves when no rotation is under way, retries included. */
  settled(): Promise<void>;
  /** Starts what is due by the clock, or at the given moment, and returns those secrets without waiting. */
  runDue(now?: Date): readonly Secret[];
  /** Cancels rotations before their next step, drops connections and frees the port. A second call does nothing. */
  close(): Promise<void>;
};

/**
 * Starts a Secrets Manager on 127.0.0.1, empty and in memory. It speaks the real protocol but checks no signature.
 *
 * @throws the listen error, such as EADDRINUSE
 */
export async function startSecretsManager(options: SecretsManagerOptions = {}): Promise<LocalSecretsManager> {
  const { region = 'us-east-1', accountId = '123456789012', millisecondsPerDay } = options;
  const real = options.clock ?? (() => new Date());
  const clock = millisecondsPerDay === undefined ? real : acceleratedClock(millisecondsPerDay, real);
  const store = new Store({ region, accountId, clock, arnSuffix: options.arnSuffix ?? randomArnSuffix });
  const rotations = new Rotations({
    store,
    region,
    accountId,
    functions: options.functions,
    retries: options.retries ?? 2,
    retryDelayMs: options.retryDelayMs ?? 1000,
    clearPendingAfterSuccess: options.clearPendingAfterSuccess ?? true,
  });
  const runDue = (now = store.now()) => startDue(store, rotations, now);

  const { endpoint, port, close } = await listening(wireServer({ store, rotations }), options.port);
  const { scheduleEveryMs } = options;
  const timer = scheduleEveryMs === undefined ? undefined : setInterval(runDue, scheduleEveryMs);

  return {
    endpoint,
    port,
    store,
    events: rotations.events,
    results: rotations.results,
    onProgress: (listener) => rotations.onProgress(listener),
    settled: () => rotations.settled(),
    runDue,
    async close() {
      clearInterval(timer);
      rotations.cancelAll();
      await close();
    },
  };
}
