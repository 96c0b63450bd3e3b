import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { clientConfiguration, type Environment } from '../aws/client-configuration.ts';

/** The SDK's own client, with its signing, retries and errors, configured by the environment alone. */
export function secretsManagerClient(environment: Environment = process.env): SecretsManagerClient {
  return new SecretsManagerClient(clientConfiguration('SECRETS_MANAGER', environment));
}
