import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { serviceAnswer } from '../aws/service-answer.ts';
import { OutOfTime, RotationError, SecretsManagerRefused, SecretsManagerUnavailable } from '../errors.ts';
import { binaryValue, type SecretValue, stringValue } from './secret-value.ts';
import type { Sensitive } from './sensitive.ts';

export interface SecretVersion {
  /** Of the secret, by whatever name it was asked for. */
  readonly arn: string;
  readonly id: string;
  readonly stages: readonly string[];
  /**
   * When the version came to be. Of one that RotateSecret staged before it had a value, the service does not say whether
   * that is the time of the staging or of the value: it is at most the latter. Absent if the service does not tell.
   */
  readonly createdAt?: Date;
  readonly value: SecretValue;
}

export interface SecretDescription {
  readonly arn: string;
  readonly rotationEnabled: boolean;
  /** When Secrets Manager last finished a rotation of it; absent before the first one. */
  readonly lastRotatedAt?: Date;
  readonly tags: ReadonlyMap<string, string>;
  /** Versions that hold at least one staging label. */
  readonly stages: ReadonlyMap<string, readonly string[]>;
}

/** A version by its staging label, and by its id as well where the service should check that the two agree. */
export type VersionSelector = { readonly stage: string; readonly id?: string };

/**
 * The four calls to Secrets Manager that a rotation needs. Each throws SecretsManagerRefused when the service says no,
 * SecretsManagerUnavailable when it does not answer, and OutOfTime when the signal aborts.
 */
export interface SecretStore {
  describe(secretId: string): Promise<SecretDescription>;
  read(secretId: string, version: VersionSelector): Promise<SecretVersion>;
  /** Stores the candidate; a token that holds another value already is refused with ResourceExistsException. */
  putPending(secretId: string, token: string, value: SecretValue, rotationToken: Sensitive | undefined): Promise<void>;
  /** Moves a staging label; with no `to` it only takes the label off `from`. */
  moveStage(secretId: string, move: { stage: string; from: string; to?: string }): Promise<void>;
}

/** Whether the service said no for this very reason, such as `ResourceNotFoundException`. */
export function refusedWith(error: unknown, reason: string): boolean {
  return error instanceof SecretsManagerRefused && error.reason === reason;
}

export function secretStore(client: Pick<SecretsManagerClient, 'send'>, signal: AbortSignal): SecretStore {
  const abort = { abortSignal: signal };

  async function ask<T>(operation: string, secretId: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw signal.aborted ? outOfTime(operation, secretId, error) : named(operation, secretId, error);
    }
  }

  return {
    async describe(SecretId) {
      const answer = await ask('DescribeSecret', SecretId, client.send(new DescribeSecretCommand({ SecretId }), abort));
      return {
        arn: answer.ARN ?? SecretId,
        rotationEnabled: answer.RotationEnabled ?? true,
        ...(answer.LastRotatedDate && { lastRotatedAt: answer.LastRotatedDate }),
        tags: new Map((answer.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
        stages: new Map(Object.entries(answer.VersionIdsToStages ?? {})),
      };
    },

    async read(SecretId, { stage: VersionStage, id }) {
      const command = new GetSecretValueCommand({ SecretId, VersionStage, ...(id !== undefined && { VersionId: id }) });
      const answer = await ask('GetSecretValue', SecretId, client.send(command, abort));
      const { ARN: arn = SecretId, VersionId, VersionStages = [], CreatedDate, SecretString, SecretBinary } = answer;
      const value = SecretString !== undefined ? stringValue(SecretString) : SecretBinary && binaryValue(SecretBinary);
      if (VersionId === undefined || value === undefined) {
        throw new SecretsManagerUnavailable(
          `GetSecretValue answered for ${SecretId} without a version or a value. Try again.`,
        );
      }
      return { arn, id: VersionId, stages: VersionStages, ...(CreatedDate && { createdAt: CreatedDate }), value };
    },

    async putPending(SecretId, token, value, rotationToken) {
      const command = new PutSecretValueCommand({
        SecretId,
        ClientRequestToken: token,
        VersionStages: ['AWSPENDING'],
        ...(value.kind === 'string' ? { SecretString: value.text.reveal() } : { SecretBinary: value.bytes.reveal() }),
        ...(rotationToken && { RotationToken: rotationToken.reveal() }),
      });
      await ask('PutSecretValue', SecretId, client.send(command, abort));
    },

    async moveStage(SecretId, { stage, from, to }) {
      const command = new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: stage,
        RemoveFromVersionId: from,
        ...(to !== undefined && { MoveToVersionId: to }),
      });
      await ask('UpdateSecretVersionStage', SecretId, client.send(command, abort));
    },
  };
}

function outOfTime(operation: string, secretId: string, cause: unknown): RotationError {
  return new OutOfTime(
    `${operation} for ${secretId} had no answer before the function's time was up. Check that the function reaches Secrets Manager (in a VPC: an interface endpoint or NAT), then let the rotation repeat.`,
    { cause },
  );
}

/** The SDK's retryable errors have had their retries by now. */
function named(operation: string, secretId: string, error: unknown): RotationError {
  if (error instanceof RotationError) return error;
  const answer = serviceAnswer(error);
  if (answer === undefined) {
    // What JSON.parse says quotes the answer, which holds a secret: it goes neither into the message nor into the cause.
    const garbled = error instanceof SyntaxError;
    const detail = garbled ? 'it is not JSON' : error instanceof Error ? error.message || error.name : 'unknown error';
    return new SecretsManagerUnavailable(
      `${operation} for ${secretId} had no usable answer (${detail}). Check region, endpoint and network of the function (in a VPC: an interface endpoint or NAT); the rotation can be repeated.`,
      garbled ? {} : { cause: error },
    );
  }
  const { name, message, definitive } = answer;
  if (!definitive) {
    return new SecretsManagerUnavailable(
      `${operation} for ${secretId} failed after all retries: ${name}: ${message}. The rotation can be repeated.`,
      {
        cause: error,
      },
    );
  }
  return new SecretsManagerRefused(
    `${operation} for ${secretId} was refused: ${name}: ${message} ${remedy(operation, name, secretId)}`.trimEnd(),
    name,
    {
      cause: error,
    },
  );
}

function remedy(operation: string, reason: string, secretId: string): string {
  switch (reason) {
    case 'AccessDeniedException':
      return `Allow the function's role secretsmanager:${operation} on this secret, and kms:Decrypt and kms:GenerateDataKey on its key.`;
    case 'DecryptionFailure':
    case 'EncryptionFailure':
      return "Check that the secret's KMS key is enabled and that its policy allows the function's role kms:Decrypt and kms:GenerateDataKey.";
    case 'ResourceNotFoundException':
      return "Check the secret's name, region and account.";
    case 'UnrecognizedClientException':
    case 'InvalidSignatureException':
    case 'ExpiredTokenException':
      return "Check the function's credentials and region.";
    case 'LimitExceededException':
      return 'Take staging labels that nobody needs off its versions: aws secretsmanager update-secret-version-stage.';
    case 'InvalidRequestException':
      return `If the secret is marked for deletion, restore it: aws secretsmanager restore-secret --secret-id ${secretId}`;
    default:
      return '';
  }
}
