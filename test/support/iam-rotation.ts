import { randomUUID } from 'node:crypto';
import { CreateSecretCommand, RotateSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { vi } from 'vitest';
import type { FakeIam } from '../../local/issuers/iam.ts';
import type { AccessKey } from '../../local/issuers/iam-users.ts';
import { type LocalSecretsManager, startSecretsManager } from '../../local/secrets-manager/server.ts';
import type { Clock } from '../../shared/clock.ts';
import { iamAccessKey } from '../../shared/providers/iam-access-key.ts';
import { type RotationHandler, rotationHandler } from '../../shared/rotation/handler.ts';
import { iamUser, type UserKeys } from '../../shared/strategies/iam-user.ts';
import { mintedKey } from '../../shared/strategies/minted-key.ts';
import { functionArn, functionHost } from '../local/secrets-manager/functions.ts';
import { type CapturedOutput, captureOutput } from './captured-output.ts';
import { type Around, interceptCalls } from './intercepted-calls.ts';
import { clientFor } from './protocol.ts';

/** What the function may run, in milliseconds. */
const LONGEST_MS = 30_000;
/** A key that old cannot be one that a run of the function is about to store. */
const OLD_MS = 2 * LONGEST_MS;

/** A function `iam-access-key` in this process, a Secrets Manager that runs it, and an IAM user of its own. */
export interface IamRotation {
  readonly service: LocalSecretsManager;
  readonly client: SecretsManagerClient;
  readonly output: CapturedOutput;
  readonly user: string;
  readonly userArn: string;
  /** As a fresh container has it; `keys` may watch or cut off what is asked of IAM, `around` of Secrets Manager. */
  handler(keys?: UserKeys, around?: Around): RotationHandler;
  /** Whom the service invokes; another one at any time. */
  invoked: RotationHandler;
  /** A secret with this first value, or with a key of the user; either is old. Returns its ARN. */
  newSecret(value?: string, tags?: Readonly<Record<string, string>>): Promise<string>;
  /** Resolves to `succeeded`, or to the name of what the rotation failed with. */
  rotate(arn: string, token?: string): Promise<string>;
  /** What the last rotation failed with. */
  said(): string | undefined;
  /** What the version with a staging label or id holds; no fields if there is none. */
  read(arn: string, version: string): Readonly<Record<string, string>>;
  /** The id of the key in that version. */
  idIn(arn: string, version: string): string;
  /** The ids of a user's keys, oldest first. */
  ids(userName?: string): readonly string[];
  /** Lets so much time pass that an orphan is one. */
  later(): void;
  close(): Promise<void>;
}

/** The IAM may be shared by the tests of a file: each rotation has a user of its own. */
export async function startIamRotation(iam: FakeIam, retries = 0): Promise<IamRotation> {
  setEnvironment(iam);
  const failures: Error[] = [];
  const invokedWith = (event: unknown) => {
    const ends = performance.now() + LONGEST_MS;
    return rotation.invoked(event, {
      functionName: 'test-function',
      getRemainingTimeInMillis: () => ends - performance.now(),
    });
  };
  const { host } = functionHost((event) =>
    invokedWith(event).catch((thrown: Error) => {
      failures.push(thrown);
      throw thrown;
    }),
  );
  const service = await startSecretsManager({ functions: host, retries, retryDelayMs: 0 });
  const client = clientFor(service.endpoint);
  const handler = (keys: UserKeys = iamAccessKey, around?: Around) => {
    const own = clientFor(service.endpoint);
    if (around) interceptCalls(own, around);
    return rotationHandler(mintedKey(iamUser(keys), impatientClock()), own);
  };
  const user = `app-${randomUUID()}`;

  const rotation: IamRotation = {
    service,
    client,
    output: captureOutput(),
    user,
    userArn: iam.users.add(user, '/team/'),
    handler,
    invoked: handler(),

    async newSecret(value, tags = {}) {
      const SecretString = value ?? secretOf(iam.users.mint(user));
      rotation.later();
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      const { ARN } = await client.send(new CreateSecretCommand({ Name: `iam/${randomUUID()}`, SecretString, Tags }));
      return ARN ?? '';
    },

    async rotate(SecretId, ClientRequestToken) {
      failures.splice(0);
      await client.send(new RotateSecretCommand({ SecretId, ClientRequestToken, RotationLambdaARN: functionArn }));
      await service.settled();
      const outcome = service.results.at(-1)?.outcome ?? 'none';
      return outcome === 'succeeded' ? outcome : (failures.at(-1)?.name ?? outcome);
    },

    said: () => failures.at(-1)?.message,

    read(arn, version) {
      const { versions } = service.store.find(arn);
      const { value } = versions.holderOf(version) ?? versions.get(version) ?? {};
      return value && 'SecretString' in value ? JSON.parse(value.SecretString) : {};
    },

    idIn: (arn, version) => rotation.read(arn, version)['AccessKeyId'] ?? '',
    ids: (userName = user) => iam.users.keysOf(userName).map(({ id }) => id),
    later: () => iam.users.age(OLD_MS),

    async close() {
      rotation.output.restore();
      vi.unstubAllEnvs();
      client.destroy();
      await service.close();
    },
  };
  return rotation;
}

export function secretOf({ id, secret, userName }: Pick<AccessKey, 'id' | 'secret' | 'userName'>): string {
  return JSON.stringify({ Region: 'eu-west-1', UserName: userName, AccessKeyId: id, SecretAccessKey: secret });
}

export function setEnvironment(iam: FakeIam): void {
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDLOCAL');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  vi.stubEnv('AWS_ENDPOINT_URL_IAM', iam.endpoint);
  vi.stubEnv('AWS_ENDPOINT_URL_STS', iam.endpoint);
}

/** Time passes when somebody waits. */
function impatientClock(): Clock {
  let elapsedMs = 0;
  return {
    now: () => new Date(Date.now() + elapsedMs),
    async wait(milliseconds) {
      elapsedMs += milliseconds;
    },
  };
}
