import { partitionOf } from '../partition.ts';
import type { Clock } from './clock.ts';
import {
  alreadyExists,
  invalidRequest,
  markedForDeletion,
  noSuchSecret,
  noSuchStage,
  noSuchVersion,
} from './errors.ts';
import { type ReadableVersion, reschedule, type Secret } from './secret.ts';
import { nameIn, requireValidName } from './secret-id.ts';
import { type SecretValue, StagedVersions, type Version } from './staged-versions.ts';

export type StoreOptions = {
  readonly region: string;
  readonly accountId: string;
  readonly clock: Clock;
  /** Six characters for the end of a new secret's ARN. */
  readonly arnSuffix: () => string;
};

export type NewSecret = {
  readonly description?: string | undefined;
  readonly kmsKeyId?: string | undefined;
  readonly tags?: ReadonlyMap<string, string>;
};

const dayMs = 86_400_000;

/** The secrets of one account in one region, in memory. What a secret's versions may become is StagedVersions' business. */
export class Store {
  readonly #options: StoreOptions;
  readonly #secrets = new Map<string, Secret>();

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  now(): Date {
    return this.#options.clock();
  }

  /** Every secret whose recovery window has not run out, those marked for deletion included. */
  all(): readonly Secret[] {
    for (const secret of this.#secrets.values()) {
      if (secret.deletion !== undefined && secret.deletion.due <= this.now()) this.#secrets.delete(secret.name);
    }
    return [...this.#secrets.values()];
  }

  /**
   * By name, ARN, or ARN without its six last characters; also a secret marked for deletion.
   *
   * @throws ResourceNotFoundException, or ValidationException for an impossible name
   */
  find(secretId: string): Secret {
    const name = nameIn(secretId);
    const found = this.all().find((secret) =>
      secretId === name ? secret.name === name : secretId === secret.arn || secretId === this.#arnOf(secret.name),
    );
    if (found === undefined) throw noSuchSecret();
    return found;
  }

  /** Like `find`, and refuses a secret that is marked for deletion. */
  findActive(secretId: string): Secret {
    const secret = this.find(secretId);
    if (secret.deletion !== undefined) throw markedForDeletion();
    return secret;
  }

  /**
   * Creates a secret, with its first version if there is a value. Created again with the same token and value, it is the
   * one that exists.
   */
  create(name: string, details: NewSecret, token: string, value: SecretValue | undefined): Secret {
    requireValidName(name);
    const existing = this.all().find((secret) => secret.name === name);
    if (existing?.deletion !== undefined) {
      throw invalidRequest(
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
      );
    }
    if (existing !== undefined) {
      if (value === undefined || existing.versions.get(token)?.value === undefined) {
        throw alreadyExists(`The operation failed because the secret ${name} already exists.`);
      }
      this.put(existing, token, value, undefined);
      return existing;
    }
    const now = this.now();
    const arn = this.newArn(name);
    const secret: Secret = {
      name,
      arn,
      created: now,
      versions: new StagedVersions(arn),
      tags: new Map(details.tags),
      description: details.description,
      kmsKeyId: details.kmsKeyId,
      lastChanged: now,
      lastAccessed: undefined,
      rotation: undefined,
      deletion: undefined,
    };
    if (value !== undefined) secret.versions.put(token, value, undefined, now);
    this.#secrets.set(name, secret);
    return secret;
  }

  put(secret: Secret, token: string, value: SecretValue, stages: readonly string[] | undefined): Version {
    return this.#changing(secret, (now) => secret.versions.put(token, value, stages, now));
  }

  moveLabel(secret: Secret, label: string, moveTo: string | undefined, removeFrom: string | undefined): void {
    this.#changing(secret, (now) => secret.versions.moveLabel(label, moveTo, removeFrom, now));
  }

  /** @throws ResourceNotFoundException or InvalidRequestException, with the texts of GetSecretValue */
  read(secret: Secret, versionId: string | undefined, stage: string | undefined): ReadableVersion {
    const version = this.#select(secret, versionId, stage);
    const today = new Date(Math.floor(this.now().getTime() / dayMs) * dayMs);
    secret.versions.accessed(version.id, today);
    secret.lastAccessed = today;
    return version;
  }

  markForDeletion(secret: Secret, recoveryDays: number): Date {
    const requested = this.now();
    const due = new Date(requested.getTime() + recoveryDays * dayMs);
    secret.deletion = { requested, due };
    return due;
  }

  remove(secret: Secret): void {
    this.#secrets.delete(secret.name);
  }

  newArn(name: string): string {
    return `${this.#arnOf(name)}-${this.#options.arnSuffix()}`;
  }

  #arnOf(name: string): string {
    const { region, accountId } = this.#options;
    return `arn:${partitionOf(region)}:secretsmanager:${region}:${accountId}:secret:${name}`;
  }

  /** A new current value restarts the schedule, whether a person or a function wrote it. */
  #changing<T>(secret: Secret, change: (now: Date) => T): T {
    const now = this.now();
    const before = secret.versions.holderOf('AWSCURRENT')?.id;
    const result = change(now);
    secret.lastChanged = now;
    const current = secret.versions.holderOf('AWSCURRENT')?.id;
    if (current !== before && secret.rotation !== undefined) reschedule(secret.rotation, now);
    return result;
  }

  #select({ versions }: Secret, versionId: string | undefined, stage: string | undefined): ReadableVersion {
    if (versionId === undefined)
      return readable(versions.holderOf(stage ?? 'AWSCURRENT'), noSuchStage(stage ?? 'AWSCURRENT'));
    const version = versions.get(versionId);
    if (version === undefined) throw noSuchVersion(versionId);
    if (stage === undefined) return readable(version, noSuchVersion(versionId));
    if (!versions.stagesOf(versionId).includes(stage)) {
      throw invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.');
    }
    return readable(version, noSuchStage(stage));
  }
}

function readable(version: Version | undefined, otherwise: Error): ReadableVersion {
  if (version?.value === undefined) throw otherwise;
  return { ...version, value: version.value };
}
