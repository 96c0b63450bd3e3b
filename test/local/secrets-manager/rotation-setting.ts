import { CreateSecretCommand, DescribeSecretCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import type { SecretsManagerOptions } from '../../../local/secrets-manager/server.ts';
import { functionArn, functionHost, type RotationFunction, rotatingFunction } from './functions.ts';
import { startService, token } from './service.ts';

/**
 * A service with one secret, `s`, and one function. `before` runs ahead of the function in every invocation, fails the step
 * by throwing, and has it return without having done anything by returning 'skip'.
 */
export async function rotationSetting(before: RotationFunction = () => undefined, options: SecretsManagerOptions = {}) {
  let endpoint = '';
  const rotate = rotatingFunction(() => endpoint);
  const { host, requests, steps } = functionHost(async (event) => {
    if ((await before(event)) !== 'skip') await rotate(event);
  });
  const { service, client } = await startService({ functions: host, ...options });
  endpoint = service.endpoint;
  const original = token();
  const created = await client.send(
    new CreateSecretCommand({ Name: 's', SecretString: 'original', ClientRequestToken: original }),
  );
  const described = () => client.send(new DescribeSecretCommand({ SecretId: 's' }));
  return {
    service,
    client,
    requests,
    steps,
    original,
    arn: created.ARN ?? '',
    described,
    stages: async () => (await described()).VersionIdsToStages,
    eventNames: () => service.events.map(({ detail }) => detail.eventName),
    rotateSecret: (input: Partial<RotateSecretCommand['input']> = {}) =>
      client.send(new RotateSecretCommand({ SecretId: 's', RotationLambdaARN: functionArn, ...input })),
  };
}

/** A promise and its key, to hold a function in the middle of a step. */
export function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}

export const allSteps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];
