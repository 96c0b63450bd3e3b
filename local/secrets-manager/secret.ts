import type { RotationRules, Schedule } from '../../shared/schedule/schedule.ts';
import type { SecretValue, StagedVersions, Version } from './staged-versions.ts';

/** What RotateSecret configured. The function and the rules outlive CancelRotateSecret. */
export type RotationConfiguration = {
  readonly functionArn: string;
  readonly rules: RotationRules;
  readonly schedule: Schedule | undefined;
  enabled: boolean;
  lastRotated: Date | undefined;
  /** NextRotationDate. It stays in the past after a rotation that failed. */
  latest: Date | undefined;
  /** When the scheduler starts the next rotation; unlike `latest` it moves on after a failure too. */
  due: Date | undefined;
};

export type Secret = {
  readonly name: string;
  readonly arn: string;
  readonly created: Date;
  readonly versions: StagedVersions;
  readonly tags: Map<string, string>;
  description: string | undefined;
  kmsKeyId: string | undefined;
  lastChanged: Date;
  lastAccessed: Date | undefined;
  rotation: RotationConfiguration | undefined;
  /** When DeleteSecret marked it, and when it goes. */
  deletion: { readonly requested: Date; readonly due: Date } | undefined;
};

/** A version of which it is certain that it can be read. */
export type ReadableVersion = Version & { readonly value: SecretValue };

/** Starts the schedule over, as every new current value does, whoever wrote it. */
export function reschedule(rotation: RotationConfiguration, now: Date): void {
  const window = rotation.enabled ? rotation.schedule?.(now) : undefined;
  rotation.latest = window?.closes;
  rotation.due = window?.opens;
}
