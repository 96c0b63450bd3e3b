import { InvalidSecret, NoCurrentValue } from '../errors.ts';
import { refusedWith, type SecretStore, type SecretVersion } from '../secrets/secret-store.ts';
import type { Context, StagedVersions, Strategy } from './strategy.ts';
import { AWSCURRENT, AWSPENDING, AWSPREVIOUS, holderOf } from './version-stages.ts';

/** The staged versions of one step; each is read when asked for, and at most once. */
export interface VersionReader<S> {
  /** As the strategy sees them. */
  readonly versions: StagedVersions<S>;
  /** As the service gave it. @throws NoCurrentValue */
  current(): Promise<SecretVersion>;
  /** The id of AWSCURRENT, if it was asked for. */
  currentIfRead(): Promise<string | undefined>;
}

export interface Reading<S> {
  readonly secretId: string;
  readonly token: string;
  readonly strategy: Strategy<S>;
  readonly store: SecretStore;
  readonly context: Context;
  /** AWSPENDING, if it was read already. */
  readonly candidate?: SecretVersion | undefined;
}

export function versionReader<S>(reading: Reading<S>): VersionReader<S> {
  const { secretId, token, strategy, store, context, candidate } = reading;
  const parse = (label: string, { value }: SecretVersion): S => {
    try {
      return strategy.parse(value);
    } catch (error) {
      if (!(error instanceof InvalidSecret)) throw error;
      throw new InvalidSecret(`${label} of ${secretId}: ${error.message}`, { cause: error.cause });
    }
  };
  let asked = false;
  const current = once(async () => {
    asked = true;
    try {
      return await store.read(secretId, { stage: AWSCURRENT });
    } catch (error) {
      throw refusedWith(error, 'ResourceNotFoundException') ? await noCurrentValue(secretId, context, error) : error;
    }
  });
  return {
    current,
    currentIfRead: async () => (asked ? (await current()).id : undefined),
    versions: {
      current: once(async () => parse(AWSCURRENT, await current())),
      previous: once(async () => {
        try {
          return parse(AWSPREVIOUS, await store.read(secretId, { stage: AWSPREVIOUS }));
        } catch (error) {
          if (refusedWith(error, 'ResourceNotFoundException')) return undefined;
          throw error;
        }
      }),
      candidate: once(async () =>
        parse(AWSPENDING, candidate ?? (await store.read(secretId, { id: token, stage: AWSPENDING }))),
      ),
    },
  };
}

/** AWSCURRENT may stand on a version that never got a value: then the last value is that of AWSPREVIOUS. */
export async function noCurrentValue(secretId: string, context: Context, cause?: unknown): Promise<NoCurrentValue> {
  const { stages } = await context.describe();
  const [empty, previous] = [holderOf(stages, AWSCURRENT), holderOf(stages, AWSPREVIOUS)];
  const last =
    empty !== undefined && previous !== undefined
      ? ` AWSCURRENT is on version ${empty}, which has none. If AWSPREVIOUS holds the last one, move AWSCURRENT back to it: aws secretsmanager update-secret-version-stage --secret-id ${secretId} --version-stage ${AWSCURRENT} --move-to-version-id ${previous} --remove-from-version-id ${empty}. Otherwise store`
      : ' Store';
  return new NoCurrentValue(
    `${secretId} has no version with AWSCURRENT and a value, so there is nothing to rotate.${last} the value: aws secretsmanager put-secret-value --secret-id ${secretId} --secret-string file://value`,
    { cause },
  );
}

export function once<T>(read: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= read();
    return answer;
  };
}
