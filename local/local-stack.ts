import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type LambdaHost, startLambdaHost } from './lambda-host.ts';
import { partitionOf } from './partition.ts';
import { type LocalSecretsManager, type SecretsManagerOptions, startSecretsManager } from './secrets-manager/server.ts';

export const REGION = 'us-east-1';

/** Nobody checks these: the SDK wants to sign with something. */
export const LOCAL_CREDENTIALS = { accessKeyId: 'AKIDLOCAL', secretAccessKey: 'local' };

/** A Secrets Manager on this machine that runs the built bundles for its rotations. */
export interface LocalStack {
  readonly service: LocalSecretsManager;
  readonly functions: LambdaHost;
  readonly client: SecretsManagerClient;
  close(): Promise<void>;
}

export interface LocalStackOptions extends Omit<SecretsManagerOptions, 'functions'> {
  /** Environment variables of every function, besides where its Secrets Manager is. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export async function startLocalStack({
  environment = {},
  timeoutMs = 30_000,
  ...options
}: LocalStackOptions = {}): Promise<LocalStack> {
  let endpoint = '';
  const functions = startLambdaHost({
    dist: distFolder(),
    timeoutMs,
    functionEnvironment: () => ({ ...functionEnvironment(endpoint, options.region), ...environment }),
  });
  const service = await startSecretsManager({ region: REGION, ...options, functions });
  endpoint = service.endpoint;
  const client = localClient(endpoint);
  return {
    service,
    functions,
    client,
    async close() {
      client.destroy();
      await service.close();
      await functions.close();
    },
  };
}

export function distFolder(): string {
  return new URL('../dist', import.meta.url).pathname;
}

/** What a function needs to find a Secrets Manager that is not in AWS. */
export function functionEnvironment(endpoint: string, region = REGION): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
  };
}

export function localClient(endpoint: string): SecretsManagerClient {
  return new SecretsManagerClient({ endpoint, region: REGION, credentials: LOCAL_CREDENTIALS, maxAttempts: 1 });
}

export function functionArn(name: string, region = REGION): string {
  return `arn:${partitionOf(region)}:lambda:${region}:123456789012:function:${name}`;
}
