import { App, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { DatabaseNetwork } from './database-network.ts';
import { EncryptionKey } from './encryption-key.ts';
import { functionProps, kindsIn } from './function-props.ts';
import { KINDS } from './kinds.ts';
import { RotatedSecret } from './rotated-secret.ts';
import { RotationFunction } from './rotation-function.ts';
import { sayWhatItAwaits, secretProps } from './secret-props.ts';
import { SecretsFileRefused } from './secrets-file/problem.ts';
import { type DeployableSecrets, readDeployable } from './secrets-file/read.ts';

/** All that the file asks for: for every environment a stack of functions, and as many of secrets as its secrets need. */
export function addStacks(app: App, file: DeployableSecrets): void {
  for (const environment of file.environments) {
    const name = `${file.project}-${environment.name}`;
    // Account and region come from whoever deploys unless the file names them: no look-up is needed to synthesize.
    const env = {
      ...(environment.account && { account: environment.account }),
      ...(environment.region && { region: environment.region }),
    };
    const stackOf = (part: string, description: string) => new Stack(app, `${name}-${part}`, { env, description });

    const base = stackOf('functions', `Functions that rotate the secrets of ${name}, and the key of those secrets`);
    const made = environment.keyArn === undefined ? new EncryptionKey(base, 'EncryptionKey', name) : undefined;
    const key = made ?? { arn: environment.keyArn ?? '', alias: environment.keyArn ?? '' };
    const rds = environment.secrets.some(({ rdsCalls }) => rdsCalls.length > 0);
    const network = environment.network && new DatabaseNetwork(base, 'Network', { ...environment.network, rds });
    const functions = new Map(
      kindsIn(environment).map((kind) => [
        kind,
        new RotationFunction(base, kind, {
          ...functionProps(file, environment, kind, key.arn, base),
          ...(network && KINDS[kind]?.database && { network }),
        }),
      ]),
    );

    const stacks = new Map<number, Stack>();
    for (const secret of environment.secrets) {
      const number = file.stackOf(environment, secret);
      const stack = stacks.get(number) ?? stackOf(`secrets-${number}`, `Secrets of ${name}, part ${number}`);
      stacks.set(number, stack);
      const group = stack.node.tryFindChild(secret.group) ?? new Construct(stack, secret.group);
      const rotatedBy = functions.get(secret.kind ?? '');
      sayWhatItAwaits(
        new RotatedSecret(group, secret.label, secretProps(environment, secret, key.alias, rotatedBy, stack)),
        secret,
      );
    }
  }
}

if (import.meta.main) {
  const app = new App();
  try {
    addStacks(app, readDeployable(String(app.node.tryGetContext('secrets') ?? 'infra/secrets.yaml')));
  } catch (error) {
    if (!(error instanceof SecretsFileRefused)) throw error;
    console.error(error.message);
    process.exit(1); // before the app, which writes what it has when the process ends, writes a part
  }
}
