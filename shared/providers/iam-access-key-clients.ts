// Single commands, so that a bundle keeps five operations of IAM out of more than 150, and one of STS.
import { IAMClient, type IAMClientConfig } from '@aws-sdk/client-iam';
import { STSClient } from '@aws-sdk/client-sts';
import { clientConfiguration, type Environment, type GivenCredentials } from '../aws/client-configuration.ts';

export interface IamClients {
  readonly iam: IAMClient;
  /** For CreateAccessKey, which makes another key each time: a request is repeated only if it was throttled. */
  readonly minting: Pick<IAMClient, 'send'>;
  /** The function's own. */
  readonly sts: STSClient;
  /** Signs with another key, over the connections of `sts`. */
  stsAs(credentials: GivenCredentials): STSClient;
}

const clients = new WeakMap<Environment, IamClients>();

/** One set, with its connections, for all steps that a process runs. */
export function iamClients(environment: Environment): IamClients {
  const made = clients.get(environment) ?? newClients(environment);
  clients.set(environment, made);
  return made;
}

function newClients(environment: Environment): IamClients {
  const iam = new IAMClient(clientConfiguration('IAM', environment));
  const sts = new STSClient(clientConfiguration('STS', environment));
  return {
    iam,
    minting: new IAMClient({
      ...clientConfiguration('IAM', environment),
      requestHandler: iam.config.requestHandler,
      retryStrategy: onlyIfThrottled(iam),
    }),
    sts,
    stsAs: (credentials) =>
      new STSClient({
        ...clientConfiguration('STS', environment, credentials),
        requestHandler: sts.config.requestHandler,
      }),
  };
}

type RetryStrategy = Extract<NonNullable<IAMClientConfig['retryStrategy']>, { refreshRetryTokenForRetry: unknown }>;

/** The client's own strategy, with its delays and its number of attempts, but for failures that may have made a key. */
function onlyIfThrottled(client: IAMClient): RetryStrategy {
  const standard = async (): Promise<RetryStrategy> => {
    const strategy = await client.config.retryStrategy();
    if ('refreshRetryTokenForRetry' in strategy) return strategy;
    throw new Error('The SDK has another kind of retry strategy than before.');
  };
  return {
    acquireInitialRetryToken: async (scope) => (await standard()).acquireInitialRetryToken(scope),
    async refreshRetryTokenForRetry(token, failure) {
      // The SDK takes the quota of a user for throttling, since some services call it so.
      const isQuota = failure.error instanceof Error && failure.error.name === 'LimitExceededException';
      if (failure.errorType !== 'THROTTLING' || isQuota) throw failure.error;
      return (await standard()).refreshRetryTokenForRetry(token, failure);
    },
    recordSuccess: (token) => void standard().then((strategy) => strategy.recordSuccess(token)),
  };
}
