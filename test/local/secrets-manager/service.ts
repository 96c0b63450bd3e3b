import { randomUUID } from 'node:crypto';
import { SecretsManagerClient, SecretsManagerServiceException } from '@aws-sdk/client-secrets-manager';
import { onTestFinished } from 'vitest';
import { type SecretsManagerOptions, startSecretsManager } from '../../../local/secrets-manager/server.ts';

/** A clock that stands still until a test moves it. */
export function stoppedClock(start = '2026-03-10T12:34:56.789Z') {
  let now = new Date(start);
  return {
    clock: () => now,
    moveTo: (time: string) => {
      now = new Date(time);
    },
  };
}

/** A running service and a real client for it; both end with the test. */
export async function startService(options: SecretsManagerOptions = {}) {
  const service = await startSecretsManager({ retryDelayMs: 0, ...options });
  const client = new SecretsManagerClient({
    endpoint: service.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  onTestFinished(async () => {
    client.destroy();
    await service.close();
  });
  return { service, client };
}

/** What a call was refused with: code, message and HTTP status. */
export async function refusal(call: Promise<unknown>) {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof SecretsManagerServiceException)) throw error;
    return { code: error.name, message: error.message, status: error.$metadata.httpStatusCode };
  }
  throw new Error('The call was not refused');
}

/** A request as the wire carries it, for what the client would not send. */
export async function post(endpoint: string, operation: string, body: unknown) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `secretsmanager.${operation}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

export const token = (): string => randomUUID();

export const badRequest = (code: string, message: unknown) => ({ code, message, status: 400 });
