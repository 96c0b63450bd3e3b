import { randomBytes } from 'node:crypto';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  type SecretsManagerClient,
  type Tag,
} from '@aws-sdk/client-secrets-manager';

export interface Proof {
  readonly claim: string;
  readonly holds: boolean;
}

/** One secret that is rotated for people to see. */
export interface Demonstration {
  readonly secretId: string;
  readonly about: string;
  readonly function: string;
  prepare(): Promise<void>;
  /** What shows that the rotation did what it should. */
  prove(): Promise<readonly Proof[]>;
  /** Takes back what `prepare` did to a server that stays. */
  cleanUp?(): Promise<void>;
}

/** Returns the ARN of the new secret. */
export async function create(
  client: SecretsManagerClient,
  Name: string,
  SecretString: string,
  Tags: Tag[] = [],
): Promise<string> {
  const { ARN = '' } = await client.send(new CreateSecretCommand({ Name, SecretString, Tags }));
  return ARN;
}

export async function read(
  client: SecretsManagerClient,
  SecretId: string,
  VersionStage = 'AWSCURRENT',
): Promise<string> {
  const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId, VersionStage }));
  return SecretString;
}

export function newPassword(): string {
  return randomBytes(18).toString('base64url');
}

/** A login, as a secret holds it. */
export async function readLogin(client: SecretsManagerClient, secretId: string, stage?: string) {
  const { username, password }: { username: string; password: string } = JSON.parse(
    await read(client, secretId, stage),
  );
  return { username, password };
}
