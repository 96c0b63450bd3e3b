import { type RotationError, SecretsManagerUnavailable, Unreachable } from '../../shared/errors.ts';

/** Whom an effect reaches, which decides what the function sees when the answer is lost. */
export type Side = 'service' | 'target';

/** Everything that a function does to the world goes through this: each await on service or target is a point to be cut at. */
export interface Effects {
  perform<T>(side: Side, name: string, act: () => T): Promise<T>;
}

/** What happens to a run at one of its effects. */
export type Fate = 'held before' | 'dead after' | 'answer lost after';
export const FATES: readonly Fate[] = ['held before', 'dead after', 'answer lost after'];

/** One invocation of the function, as the explorer drives it. */
export class StepRun implements Effects {
  state: 'running' | 'held' | 'dead' | 'ended' = 'running';
  outcome: string | undefined;
  error: unknown;
  readonly done: string[] = [];
  /** The effect that a held run is about to do. */
  next = '';
  #fate: { readonly kind: Fate; readonly at: number } | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #rest = Promise.withResolvers<void>();
  #release: (() => void) | undefined;

  constructor(fate?: { readonly kind: Fate; readonly at: number }) {
    this.#fate = fate;
  }

  begin(work: Promise<string>): Promise<void> {
    work.then(
      (outcome) => {
        this.outcome = outcome;
        this.#stop('ended');
      },
      (error: unknown) => {
        this.error = error;
        this.#stop('ended');
      },
    );
    return this.#rest.promise;
  }

  /** Lets a held run go on: to its end, or to before its next effect. */
  resume(onlyOneEffect: boolean): Promise<void> {
    this.#fate = onlyOneEffect ? { kind: 'held before', at: this.done.length + 2 } : undefined;
    this.#rest = Promise.withResolvers<void>();
    this.state = 'running';
    this.#release?.();
    return this.#rest.promise;
  }

  perform<T>(side: Side, name: string, act: () => T): Promise<T> {
    const turn = this.#turn.then(() => this.#perform(side, name, act));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #perform<T>(side: Side, name: string, act: () => T): Promise<T> {
    const at = this.done.length + 1;
    if (this.#fate?.kind === 'held before' && this.#fate.at === at) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#release = resolve;
      this.next = name;
      this.#stop('held');
      await promise;
    }
    const fate = this.#fate?.at === at ? this.#fate.kind : undefined;
    this.done.push(name);
    if (fate !== 'dead after' && fate !== 'answer lost after') return act();
    try {
      act();
    } catch {
      // The refusal is lost as well.
    }
    if (fate === 'dead after') {
      this.#stop('dead');
      return await new Promise<never>(() => undefined);
    }
    throw lost(side, name);
  }

  #stop(state: 'held' | 'dead' | 'ended'): void {
    this.state = state;
    this.#rest.resolve();
  }
}

function lost(side: Side, name: string): RotationError {
  const message = `${name} had no answer.`;
  return side === 'service' ? new SecretsManagerUnavailable(message) : new Unreachable(message);
}
