import type { SecretDescription, SecretVersion } from '../secrets/secret-store.ts';
import type { SecretValue } from '../secrets/secret-value.ts';
import type { Sensitive } from '../secrets/sensitive.ts';
import type { KnownSettings } from '../settings/known-settings.ts';
import type { Deadline } from './deadline.ts';

/** The versions that exist before a candidate does, parsed; each is read when asked for, and at most once. */
export interface StoredVersions<S> {
  /** @throws NoCurrentValue if no version with AWSCURRENT has a value, InvalidSecret if the strategy cannot parse it */
  current(): Promise<S>;
  /** `undefined` if there is none. @throws InvalidSecret if the strategy cannot parse it */
  previous(): Promise<S | undefined>;
}

export interface StagedVersions<S> extends StoredVersions<S> {
  /** The version that is being rotated in. @throws InvalidSecret if the strategy cannot parse it */
  candidate(): Promise<S>;
}

export interface SettingVersions<S> extends StagedVersions<S> {
  /**
   * To be called right before the target is changed: a run that was held up may belong to a rotation that was given up.
   * Asks the service only if the last look is seconds old.
   *
   * @throws VersionNotStaged if the candidate is not being rotated in any more
   */
  requireStillPending(): Promise<void>;
}

/** What a strategy may know and do besides its own target. */
export interface Context {
  readonly secretId: string;
  /** The rotation's token, also the candidate's version id: the same for every try of one rotation. */
  readonly token: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly deadline: Deadline;
  /** Tags and staging labels of the secret; asks the service at most once a step. */
  describe(): Promise<SecretDescription>;
  /** AWSCURRENT of another secret, such as a superuser's, by ARN or name; asks the service each time. */
  readOtherSecret(secretId: string): Promise<Pick<SecretVersion, 'arn' | 'value'>>;
  /** From now on the secret is taken out of whatever is logged or thrown. The secret's own versions are, without this. */
  conceal(secret: Sensitive): void;
  /**
   * From now on the text may be seen, whichever field of a secret it stands in: an identifier, such as a key's.
   *
   * @returns how messages write it: as a digest if it was concealed, since some issuers' keys are their own ids
   */
  identify(text: string): string;
  /** For what an operator should know although the step succeeds. */
  warn(message: string, details?: Readonly<Record<string, string | number>>): void;
}

/**
 * One kind of rotation. `S` is the parsed value of the secret. The core alone knows the order of the steps: each
 * function here must bear being called again after a crash, by another process, and twice at once.
 */
export interface Strategy<S> {
  /** For people who read logs. Nothing switches on it. */
  readonly name: string;

  /** Every other tag of the name `rotation:…` is refused before anything is made. */
  readonly settings: KnownSettings;

  /**
   * Present if `create` makes something outside Secrets Manager that must not be lost, such as an issuer's API key.
   * The core then looks for a stored candidate before it calls `create`, and hands back to `discard` what was made in
   * vain; it does so only once it knows that another candidate is stored.
   */
  readonly mints?: { discard(minted: SecretValue, context: Context): Promise<void> };

  /** @throws InvalidSecret that names the field, and never quotes the value */
  parse(value: SecretValue): S;

  /** Makes a candidate. Must leave AWSCURRENT working, and must not depend on AWSCURRENT still working. */
  create(versions: StoredVersions<S>, context: Context): Promise<SecretValue>;

  /**
   * What `create` would have made of AWSCURRENT had it drawn what the candidate holds: the same to the byte if this function
   * made the candidate of this AWSCURRENT. Changes nothing.
   *
   * @throws InvalidSecret if it would have made nothing like it
   */
  recreate(current: S, candidate: S, context: Context): Promise<SecretValue>;

  /** Whether `create` could have drawn what the candidate holds, by the settings of now. Absent if a target draws it. */
  couldDraw?(candidate: S, current: S, context: Context): Promise<boolean>;

  /**
   * Makes the target accept the candidate. Side effects come in an order in which a candidate that works implies that
   * nothing is left to do. Absent if there is no target to tell.
   *
   * @throws CandidateRefused only if the target refuses this candidate for good and is proved unchanged
   */
  set?(versions: SettingVersions<S>, context: Context): Promise<void>;

  /**
   * The candidate is being given up, whether or not the target was told of it: brings the target to a state in which
   * AWSCURRENT works. Safe to repeat. Absent if there is no target. AWSPENDING is released only if this returns.
   *
   * @throws RotationError that says which version works, if AWSCURRENT cannot be made to
   */
  restore?(versions: StagedVersions<S>, context: Context): Promise<void>;

  /** Returns only if the target accepts the candidate. Changes nothing. */
  test(versions: StagedVersions<S>, context: Context): Promise<void>;

  /**
   * Retires what has become old; `current` is what was the candidate. Called after every promotion, and again when the
   * step is repeated. A failure is logged and counted, and does not fail the rotation.
   */
  finish?(versions: StoredVersions<S>, context: Context): Promise<void>;
}

/** A strategy with a target that has to be told. */
export type TargetedStrategy<S> = Strategy<S> & Required<Pick<Strategy<S>, 'set' | 'restore'>>;
