import { ServiceError } from '../../local/secrets-manager/errors.ts';
import { StagedVersions, type Version } from '../../local/secrets-manager/staged-versions.ts';
import { SecretsManagerRefused } from '../../shared/errors.ts';
import type { SecretDescription, SecretStore, SecretVersion } from '../../shared/secrets/secret-store.ts';
import { stringValue } from '../../shared/secrets/secret-value.ts';
import type { Effects } from './effects.ts';

/** What of the service is unknown: every world takes one side of each. */
export interface Variants {
  readonly pendingAfterSuccess: 'left on' | 'taken off';
  readonly pendingAfterPut: 'left on' | 'taken off';
  readonly handEdit: 'abandons the rotation' | 'goes unnoticed';
  readonly emptyPromotion: 'refused' | 'taken';
  readonly createdDate: 'of the placeholder' | 'of the put';
  readonly rotateWhileOff: 'refused' | 'taken';
}

export const VARIANTS: { readonly [K in keyof Variants]: readonly [Variants[K], Variants[K]] } = {
  pendingAfterSuccess: ['left on', 'taken off'],
  pendingAfterPut: ['left on', 'taken off'],
  handEdit: ['goes unnoticed', 'abandons the rotation'],
  emptyPromotion: ['taken', 'refused'],
  createdDate: ['of the placeholder', 'of the put'],
  rotateWhileOff: ['refused', 'taken'],
};

export const ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:explored-AbCdEf';
/** Marks a placeholder that AWSCURRENT was moved to, where the service allows that. */
const EMPTY = '\0';

/** The secret as the service keeps it: the local Secrets Manager's own versions, with both sides of what is unknown. */
export class Service {
  readonly versions = new StagedVersions(ARN);
  rotationEnabled = true;
  lastRotated: Date | undefined;
  tags: ReadonlyMap<string, string>;
  readonly #variants: Variants;
  /** Values of placeholders that were current before they had one. */
  readonly #filled = new Map<string, string>();
  readonly #written = new Map<string, Date>();
  #now = Date.UTC(2026, 0, 1);

  constructor(variants: Variants, initial: string, tags: ReadonlyMap<string, string>) {
    this.#variants = variants;
    this.tags = tags;
    this.put('version-0'.padEnd(32, '-'), initial, undefined);
  }

  /** Each answer is later than the one before. */
  now(): Date {
    this.#now += 1_000;
    return new Date(this.#now);
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }

  holder(label: string): string | undefined {
    return this.versions.holderOf(label)?.id;
  }

  /** Undefined for a placeholder. */
  text(id: string | undefined): string | undefined {
    const value = id === undefined ? undefined : this.versions.get(id)?.value;
    const text = value !== undefined && 'SecretString' in value ? value.SecretString : undefined;
    return text === EMPTY ? this.#filled.get(id ?? '') : text;
  }

  /** When the value came, whatever the service tells of it. */
  writtenAt(id: string | undefined): number {
    return this.#written.get(id ?? '')?.getTime() ?? 0;
  }

  /** As the service tells it. */
  createdAt(id: string): Date | undefined {
    const { createdDate } = this.#variants;
    return createdDate === 'of the put' ? this.#written.get(id) : this.versions.get(id)?.created;
  }

  all(): readonly Version[] {
    return this.versions.all();
  }

  put(id: string, text: string, stages: readonly string[] | undefined): void {
    const former = this.holder('AWSCURRENT');
    const held = former !== undefined && this.holder('AWSPENDING') === former;
    const now = this.now();
    const isNew = this.text(id) === undefined;
    if (isNew && this.versions.get(id)?.value !== undefined) this.#filled.set(id, text);
    else this.versions.put(id, { SecretString: this.#filled.get(id) === text ? EMPTY : text }, stages, now);
    if (isNew) this.#written.set(id, now);
    const lost = held && this.holder('AWSCURRENT') !== former && this.holder('AWSPENDING') === undefined;
    if (lost && this.#variants.pendingAfterPut === 'left on') this.versions.stagePending(former, undefined, now);
  }

  move(label: string, to: string | undefined, from: string | undefined): void {
    const empty = to !== undefined && this.versions.get(to)?.value === undefined;
    if (label === 'AWSCURRENT' && empty && this.#variants.emptyPromotion === 'taken') {
      this.versions.put(to, { SecretString: EMPTY }, ['AWSPENDING'], this.now());
    }
    this.versions.moveLabel(label, to, from, this.now());
  }

  store(effects: Effects): SecretStore {
    return {
      describe: () => effects.perform('service', 'DescribeSecret', () => this.#describe()),
      read: (_, { stage, id }) => effects.perform('service', 'GetSecretValue', () => this.#read(stage, id)),
      putPending: (_, token, value) =>
        effects.perform('service', 'PutSecretValue', () => {
          if (value.kind !== 'string') throw new Error('Only strings are explored.');
          const text = value.text.reveal();
          refusing('PutSecretValue', () => this.put(token, text, ['AWSPENDING']));
        }),
      moveStage: (_, { stage, from, to }) =>
        effects.perform('service', to === undefined ? `take ${stage} off` : `move ${stage}`, () =>
          refusing('UpdateSecretVersionStage', () => this.move(stage, to, from)),
        ),
    };
  }

  #describe(): SecretDescription {
    return {
      arn: ARN,
      rotationEnabled: this.rotationEnabled,
      ...(this.lastRotated && { lastRotatedAt: this.lastRotated }),
      tags: this.tags,
      stages: new Map(Object.entries(this.versions.idsToStages() ?? {})),
    };
  }

  #read(stage: string, id: string | undefined): SecretVersion {
    const holder = this.holder(stage);
    if (id !== undefined && this.versions.get(id) === undefined) throw refused('ResourceNotFoundException');
    if (id !== undefined && holder !== id) throw refused('InvalidRequestException');
    const text = this.text(holder);
    if (holder === undefined || text === undefined) throw refused('ResourceNotFoundException');
    const createdAt = this.createdAt(holder);
    return {
      arn: ARN,
      id: holder,
      stages: this.versions.stagesOf(holder),
      ...(createdAt && { createdAt }),
      value: stringValue(text),
    };
  }
}

function refusing(operation: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (error instanceof ServiceError) throw refused(error.code, `${operation}: ${error.message}`);
    throw error;
  }
}

function refused(reason: string, message = reason): SecretsManagerRefused {
  return new SecretsManagerRefused(message, reason);
}
