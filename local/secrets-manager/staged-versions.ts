import { alreadyExists, invalidParameter, invalidRequest, noSuchVersion, ServiceError } from './errors.ts';

/** A value as it travels: text, or bytes in canonical base64. */
export type SecretValue = { readonly SecretString: string } | { readonly SecretBinary: string };

/** `value` is undefined only on the placeholder that RotateSecret stages before the function has run. */
export type Version = {
  readonly id: string;
  readonly created: Date;
  readonly value: SecretValue | undefined;
  readonly lastAccessed: Date | undefined;
};

type Labels = ReadonlyMap<string, string>;

const maxLabels = 20;
const keptUnlabelled = 100;
const pruningAgeMs = 24 * 3_600_000;

/**
 * The versions of one secret and their staging labels. Labels map to version ids, so that one label can never be on two
 * versions; every change is worked out on a copy and committed whole or refused whole.
 */
export class StagedVersions {
  readonly #arn: string;
  readonly #versions = new Map<string, Version>();
  #labels: Labels = new Map();

  constructor(arn: string) {
    this.#arn = arn;
  }

  all(): readonly Version[] {
    return [...this.#versions.values()];
  }

  get(id: string): Version | undefined {
    return this.#versions.get(id);
  }

  holderOf(label: string): Version | undefined {
    const id = this.#labels.get(label);
    return id === undefined ? undefined : this.#versions.get(id);
  }

  stagesOf(id: string): readonly string[] {
    return [...this.#labels].filter(([, holder]) => holder === id).map(([label]) => label);
  }

  /** Labelled versions only, as DescribeSecret shows them; undefined if there is none. */
  idsToStages(): Record<string, readonly string[]> | undefined {
    const labelled = this.all().map(({ id }) => [id, this.stagesOf(id)] as const);
    const shown = labelled.filter(([, stages]) => stages.length > 0);
    return shown.length === 0 ? undefined : Object.fromEntries(shown);
  }

  /**
   * Stores a value. Without `stages` it becomes AWSCURRENT; with them it gets exactly those, and AWSCURRENT as well if
   * nobody holds that yet. A token used again with the same value changes nothing, its labels included.
   *
   * @throws ResourceExistsException if the token's version has another value
   * @throws LimitExceededException if the secret would carry more than 20 labels
   */
  put(id: string, value: SecretValue, stages: readonly string[] | undefined, now: Date): Version {
    const existing = this.#versions.get(id);
    if (existing?.value !== undefined) {
      if (sameValue(existing.value, value)) return existing;
      throw alreadyExists(
        `You can't use ClientRequestToken ${id} because that value is already in use for a version of secret ${this.#arn}.`,
      );
    }
    const labels = new Map(this.#labels);
    for (const stage of stages ?? []) if (stage !== 'AWSCURRENT') labels.set(stage, id);
    // Last, so that AWSPREVIOUS goes to the former current version even if the caller asked for it too.
    if (stages === undefined || stages.includes('AWSCURRENT') || !this.#labels.has('AWSCURRENT')) {
      const former = labels.get('AWSCURRENT');
      this.#promote(labels, id);
      // Recorded: what was promoted and still held AWSPENDING loses that when a put makes another version current.
      if (former !== id && labels.get('AWSPENDING') === former) labels.delete('AWSPENDING');
    }
    return this.#commit({ id, created: existing?.created ?? now, value, lastAccessed: undefined }, labels, now);
  }

  /** Stages AWSPENDING on a version for a rotation: a new one with `value`, or none yet, or the one that has this id. */
  stagePending(id: string, value: SecretValue | undefined, now: Date): Version {
    const version = this.#versions.get(id) ?? { id, created: now, value, lastAccessed: undefined };
    return this.#commit(version, new Map(this.#labels).set('AWSPENDING', id), now);
  }

  /**
   * UpdateSecretVersionStage.
   *
   * @throws InvalidParameterException if `removeFrom` is missing where somebody else holds the label, or does not hold it
   */
  moveLabel(label: string, moveTo: string | undefined, removeFrom: string | undefined, now: Date): void {
    const holder = this.#labels.get(label);
    if (moveTo === undefined && removeFrom === undefined) {
      // Unverified: what the real service says here.
      throw invalidParameter('You must provide MoveToVersionId, RemoveFromVersionId or both.');
    }
    for (const id of [moveTo, removeFrom]) {
      if (id !== undefined && !this.#versions.has(id)) throw noSuchVersion(id);
    }
    if (removeFrom !== undefined && removeFrom !== holder) {
      // That it fails is documented; the text is ours.
      throw invalidParameter(`Staging label ${label} is not attached to version ${removeFrom}.`);
    }
    if (holder !== undefined && holder !== moveTo && removeFrom === undefined) {
      throw invalidParameter(
        `The parameter RemoveFromVersionId can't be empty. Staging label ${label} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
      );
    }
    const labels = new Map(this.#labels);
    if (moveTo === undefined) {
      // Unverified: the text. Without this rule a secret with values could end up with no current one.
      if (label === 'AWSCURRENT') {
        throw invalidParameter('You can only move staging label AWSCURRENT to a different version, not remove it.');
      }
      labels.delete(label);
    } else if (label === 'AWSCURRENT') {
      // Unverified: the documentation is silent on promoting an empty placeholder. Refusing protects every reader.
      if (this.#versions.get(moveTo)?.value === undefined) {
        throw invalidRequest(`You can't move staging label AWSCURRENT to version ${moveTo} because it has no value.`);
      }
      this.#promote(labels, moveTo);
    } else {
      labels.set(label, moveTo);
    }
    this.#commit(undefined, labels, now);
  }

  /** Takes AWSPENDING off a version, if it is there. */
  clearPending(id: string, now: Date): void {
    if (this.#labels.get('AWSPENDING') === id) this.moveLabel('AWSPENDING', undefined, id, now);
  }

  /** Removes a version that only a test rotation needed. One that became current in the meantime stays. */
  discard(id: string): void {
    if (this.#labels.get('AWSCURRENT') === id) return;
    this.#labels = new Map([...this.#labels].filter(([, holder]) => holder !== id));
    this.#versions.delete(id);
  }

  /** Notes a read, by the day, as the real service does. */
  accessed(id: string, day: Date): void {
    const version = this.#versions.get(id);
    if (version !== undefined) this.#versions.set(id, { ...version, lastAccessed: day });
  }

  #promote(labels: Map<string, string>, id: string): void {
    const former = labels.get('AWSCURRENT');
    if (former !== undefined && former !== id) labels.set('AWSPREVIOUS', former);
    labels.set('AWSCURRENT', id);
  }

  #commit(version: Version, labels: Labels, now: Date): Version;
  #commit(version: undefined, labels: Labels, now: Date): undefined;
  #commit(version: Version | undefined, labels: Labels, now: Date): Version | undefined {
    if (labels.size > maxLabels) {
      throw new ServiceError(
        'LimitExceededException',
        'You exceeded the maximum number of staging labels allowed on a secret.',
      );
    }
    if (labels.has('AWSPREVIOUS') && labels.get('AWSPREVIOUS') === labels.get('AWSCURRENT')) {
      // Unverified: what the real service does. A version that is its own predecessor is nobody's intention.
      throw invalidParameter('Staging label AWSPREVIOUS must be on another version than AWSCURRENT.');
    }
    if (version !== undefined) this.#versions.set(version.id, version);
    this.#labels = labels;
    this.#prune(now);
    return version;
  }

  #prune(now: Date): void {
    const labelled = new Set(this.#labels.values());
    const unlabelled = this.all().filter(({ id }) => !labelled.has(id));
    const oldestFirst = unlabelled.toSorted((a, b) => a.created.getTime() - b.created.getTime());
    for (const { id, created } of oldestFirst.slice(0, Math.max(0, unlabelled.length - keptUnlabelled))) {
      if (now.getTime() - created.getTime() >= pruningAgeMs) this.#versions.delete(id);
    }
  }
}

function sameValue(a: SecretValue, b: SecretValue): boolean {
  if ('SecretString' in a) return 'SecretString' in b && a.SecretString === b.SecretString;
  return 'SecretBinary' in b && a.SecretBinary === b.SecretBinary;
}
