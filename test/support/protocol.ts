import { randomUUID } from 'node:crypto';
import { SecretsManagerClient, type Tag } from '@aws-sdk/client-secrets-manager';
import { type LocalSecretsManager, startSecretsManager } from '../../local/secrets-manager/server.ts';
import type { Step } from '../../shared/rotation/event.ts';
import type { RotationHandler } from '../../shared/rotation/handler.ts';

export type Value = string | Uint8Array;

/** A local Secrets Manager for tests that call the steps one by one, as the service would. */
export interface Protocol {
  readonly service: LocalSecretsManager;
  readonly client: SecretsManagerClient;
  /** A secret with a current value; returns its ARN. */
  createSecret(value: Value | undefined, tags?: readonly Tag[]): string;
  /** What RotateSecret does before it invokes the function: AWSPENDING on a version with no value. Returns the token. */
  beginRotation(secretArn: string): string;
  /** Stores a candidate by hand. */
  stage(secretArn: string, token: string, text: string): void;
  /** The texts of all versions, and the strings in them if they are JSON. */
  secretTexts(secretArn: string): readonly string[];
  /** The value of a version by staging label or id, as text; `undefined` if there is none. */
  valueOf(secretArn: string, stageOrId: string): string | undefined;
  /** Version ids by staging label. */
  stages(secretArn: string): Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function startProtocol(clock: () => Date = () => new Date()): Promise<Protocol> {
  const service = await startSecretsManager({ clock });
  const client = clientFor(service.endpoint);
  const versions = (secretArn: string) => service.store.find(secretArn).versions;
  const stored = (value: Value) =>
    typeof value === 'string' ? { SecretString: value } : { SecretBinary: Buffer.from(value).toString('base64') };
  return {
    service,
    client,
    createSecret(value, tags = []) {
      const tagMap = new Map(tags.map(({ Key = '', Value = '' }) => [Key, Value]));
      const first = value === undefined ? undefined : stored(value);
      return service.store.create(`test/${randomUUID()}`, { tags: tagMap }, randomUUID(), first).arn;
    },
    beginRotation(secretArn) {
      const token = randomUUID();
      versions(secretArn).stagePending(token, undefined, clock());
      return token;
    },
    stage(secretArn, token, text) {
      versions(secretArn).put(token, { SecretString: text }, ['AWSPENDING'], clock());
    },
    secretTexts(secretArn) {
      const texts = versions(secretArn)
        .all()
        .flatMap(({ value }) => (value === undefined ? [] : Object.values(value)));
      return texts.flatMap((text) => [text, ...secretFieldsOf(text)]);
    },
    valueOf(secretArn, stageOrId) {
      const version = versions(secretArn).holderOf(stageOrId) ?? versions(secretArn).get(stageOrId);
      if (version?.value === undefined) return undefined;
      return 'SecretString' in version.value ? version.value.SecretString : version.value.SecretBinary;
    },
    stages(secretArn) {
      const all = versions(secretArn);
      return Object.fromEntries(all.all().flatMap(({ id }) => all.stagesOf(id).map((stage) => [stage, id])));
    },
    async close() {
      client.destroy();
      await service.close();
    },
  };
}

export function clientFor(endpoint: string): SecretsManagerClient {
  const credentials = { accessKeyId: 'AKIDLOCAL', secretAccessKey: 'local' };
  return new SecretsManagerClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
}

/** Invokes one step in this process, with as much time as given. */
export function invokeStep(
  handler: RotationHandler,
  step: Step,
  secretArn: string,
  token: string,
  timeMs = 30_000,
): Promise<void> {
  const ends = performance.now() + timeMs;
  return handler(
    { Step: step, SecretId: secretArn, ClientRequestToken: token, RotationToken: randomUUID() },
    { functionName: 'test-function', getRemainingTimeInMillis: () => ends - performance.now() },
  );
}

const PLACES = new Set([
  ...['engine', 'host', 'username', 'dbname', 'masterarn'],
  ...['provider', 'target', 'keyId', 'UserName', 'AccessKeyId'],
]);

/** Passwords and the like: what says where the secret belongs may be seen. */
function secretFieldsOf(text: string): readonly string[] {
  try {
    const fields = Object.entries(JSON.parse(text)).filter(([name]) => !PLACES.has(name));
    return fields.map(([, field]) => field).filter((field) => typeof field === 'string');
  } catch {
    return [];
  }
}
