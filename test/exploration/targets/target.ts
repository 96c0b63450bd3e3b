import type { RotationEvent } from '../../../shared/rotation/event.ts';
import { Origins } from '../../../shared/rotation/origins.ts';
import { runStep, type StepResult } from '../../../shared/rotation/rotation.ts';
import type { Context, Strategy } from '../../../shared/rotation/strategy.ts';
import type { SecretStore } from '../../../shared/secrets/secret-store.ts';
import type { Effects } from '../effects.ts';

export interface Invocation {
  readonly event: RotationEvent;
  readonly store: SecretStore;
  readonly context: Context;
  readonly retirementFailed: (error: unknown) => void;
}

/** A process of the function: what a strategy remembers between invocations lives as long as this. */
export type Container = (invocation: Invocation) => Promise<StepResult>;

export function containerOf<S>(strategy: Strategy<S>): Container {
  const origins = new Origins();
  return (invocation) => runStep({ ...invocation, strategy, origins });
}

/**
 * One kind of target in memory, with the real strategy for it. A new strategy gets its target in one file of this folder
 * and one line in `index.ts`; moves, promises and remedies are the same for all. Values are those of the secret, as text.
 */
export interface Target {
  readonly initial: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** By ARN: what `masterarn` may name. */
  readonly otherSecrets?: Readonly<Record<string, string>>;
  /** A fresh process; its strategy reaches the target through `effects` only. */
  container(effects: Effects, now: () => number): Container;
  /** What of the value is rotated: it must never come back once it was replaced. Undefined if it cannot be read. */
  credential(value: string): string | undefined;
  /** The rest of the value: a rotation keeps it. */
  rest(value: string): string;
  /** Whether a client with this value is let in. */
  works(value: string): boolean;
  /** All credentials that let a client in as one of the secret's own accounts. */
  accepted(): readonly string[];
  /** A person gives the account another credential; returns the value that says so. */
  change(value: string, nth: number): string;
  /** A person makes the target accept the value. */
  accept(value: string): void;
  /** What somebody puts who may write the secret, and knows no other credential. */
  planted(value: string): readonly string[];
  /** Every account that is not the secret's, and what it may: nothing in here may ever change. */
  foreign(): string;
  /** For the comparison of states. */
  dump(): string;
  /** The function may end what AWSPREVIOUS holds before a candidate works, to make room: then AWSCURRENT alone has to go on working. */
  readonly endsPrevious?: boolean;
  /** The deployer says that an account which looks like somebody else's is the secret's. */
  adopt?(): void;
  /** A person ends what no version holds, as an error that says so asks. */
  tidy?(staged: readonly string[]): void;
  /** What must hold once a rotation has converged, besides what holds for all; a sentence if it does not. */
  settled?(staged: readonly string[]): string | undefined;
  /** What must hold at each promotion by the function, a sentence if it does not. */
  promoted?(staged: readonly string[]): string | undefined;
  /** Promises of this kind in every state: told the text of AWSCURRENT, and whether it worked before the function ran. */
  always?(current: string, workedBefore: boolean): string | undefined;
}

export function json(value: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

export function field(value: string, name: string): string | undefined {
  const found = json(value)[name];
  return typeof found === 'string' ? found : undefined;
}

export function without(value: string, ...names: readonly string[]): string {
  const rest = Object.entries(json(value)).filter(([name]) => !names.includes(name));
  return JSON.stringify(rest.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

export function withFields(value: string, changes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...json(value), ...changes });
}
