import { randomUUID } from 'node:crypto';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { FunctionHost, Invocation } from '../../../local/invocation.ts';

export const functionArn = 'arn:aws:lambda:us-east-1:123456789012:function:rotate';

export type RotationRequest = { Step: string; SecretId: string; ClientRequestToken: string; RotationToken: string };

/** A function as the host sees it: it throws to fail. */
export type RotationFunction = (event: RotationRequest) => unknown;

function isRequest(event: unknown): event is RotationRequest {
  const keys = ['ClientRequestToken', 'RotationToken', 'SecretId', 'Step'];
  return typeof event === 'object' && event !== null && Object.keys(event).toSorted().join() === keys.join();
}

/** Runs one function in this process, and keeps what it was invoked with. */
export function functionHost(run: RotationFunction) {
  const requests: RotationRequest[] = [];
  const host: FunctionHost = {
    has: (arn) => arn === functionArn,
    async invoke(_, event): Promise<Invocation> {
      if (!isRequest(event)) throw new Error(`Not a rotation event: ${JSON.stringify(event)}`);
      requests.push(event);
      const log = [`${event.Step} ran`];
      try {
        return { outcome: 'returned', payload: await run(event), durationMs: 1, log };
      } catch (error) {
        const errorMessage = error instanceof Error ? error.message : String(error);
        return { outcome: 'failed', error: { errorType: 'Error', errorMessage, trace: [] }, durationMs: 1, log };
      }
    },
  };
  return { host, requests, steps: () => requests.map(({ Step }) => Step) };
}

/** The least that rotates: a new random value, promoted in the end. It talks to the service as a deployed one would. */
export function rotatingFunction(endpoint: () => string): RotationFunction {
  return async ({ Step, SecretId, ClientRequestToken, RotationToken }) => {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const client = new SecretsManagerClient({ endpoint: endpoint(), region: 'us-east-1', credentials, maxAttempts: 1 });
    try {
      const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
      const current = Object.keys(VersionIdsToStages).find((id) => VersionIdsToStages[id]?.includes('AWSCURRENT'));
      if (Step === 'createSecret') {
        const candidate = new GetSecretValueCommand({
          SecretId,
          VersionId: ClientRequestToken,
          VersionStage: 'AWSPENDING',
        });
        const exists = await client.send(candidate).catch(() => undefined);
        if (exists !== undefined) return;
        const VersionStages = ['AWSPENDING'];
        const SecretString = randomUUID();
        const put = { SecretId, ClientRequestToken, SecretString, VersionStages, RotationToken };
        await client.send(new PutSecretValueCommand(put));
      }
      if (Step === 'testSecret') {
        const VersionStage = 'AWSPENDING';
        await client.send(new GetSecretValueCommand({ SecretId, VersionId: ClientRequestToken, VersionStage }));
      }
      if (Step === 'finishSecret' && current !== ClientRequestToken) {
        const move = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: ClientRequestToken };
        const RemoveFromVersionId = current;
        await client.send(
          new UpdateSecretVersionStageCommand({ ...move, ...(RemoveFromVersionId && { RemoveFromVersionId }) }),
        );
      }
    } finally {
      client.destroy();
    }
  };
}
