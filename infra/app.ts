import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { NotBuilt } from './bundle.ts';
import { DatabaseNetwork } from './database-network.ts';
import { EncryptionKey } from './encryption-key.ts';
import { functionProps, kindsIn } from './function-props.ts';
import { kindOf } from './kinds.ts';
import { RotatedSecret } from './rotated-secret.ts';
import { RotationFunction } from './rotation-function.ts';
import { RotationMonitoring } from './rotation-monitoring.ts';
import { sayWhatItAwaits, secretProps } from './secret-props.ts';
import type { DeclaredEnvironment } from './secrets-file/declaration.ts';
import { SecretsFileRefused } from './secrets-file/problem.ts';
import { type DeployableSecrets, readDeployable } from './secrets-file/read.ts';

/** All that the file asks for: in every environment its functions and its secrets, in every account and Region one watch. */
export function addStacks(app: App, file: DeployableSecrets, dist = 'dist'): void {
  const places = Map.groupBy(file.environments, ({ account, region }) => `${account} ${region}`);
  for (const environments of places.values()) {
    const functions = Object.fromEntries(
      environments.flatMap((environment) => addEnvironment(app, file, environment, dist)),
    );
    const [first] = environments;
    if (!first) continue;
    const watched = { functions, ...file.monitoring, overdueCheckBundle: join(dist, 'operations-overdue') };
    new RotationMonitoring(stackFor(app, file, first, 'monitoring'), 'Monitoring', watched);
  }
}

function addEnvironment(app: App, file: DeployableSecrets, environment: DeclaredEnvironment, dist: string) {
  const base = stackFor(app, file, environment, 'functions');
  const key = environment.keyArn ?? new EncryptionKey(base, 'EncryptionKey', `${file.project}-${environment.name}`);
  const { arn, alias } = typeof key === 'string' ? { arn: key, alias: key } : key;
  const rds = environment.secrets.some(({ rdsCalls }) => rdsCalls.length > 0);
  const network = environment.network && new DatabaseNetwork(base, 'Network', { ...environment.network, rds });
  const functions = new Map(
    kindsIn(environment).map((kind) => {
      const props = { ...functionProps(file, environment, kind, arn, base), bundle: join(dist, kind) };
      return [
        kind,
        new RotationFunction(base, kind, { ...props, ...(network && kindOf(kind)?.database && { network }) }),
      ];
    }),
  );
  for (const secret of environment.secrets) {
    const stack = stackFor(app, file, environment, `secrets-${file.stackOf(environment, secret)}`);
    const props = secretProps(environment, secret, alias, functions.get(secret.kind ?? ''), stack);
    // By its name, wherever it stands in the file. Under another logical id CloudFormation would make it once more, and end the
    // schedule that it made: https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1813
    sayWhatItAwaits(new RotatedSecret(stack, secret.name.replaceAll('/', ':'), props), secret);
  }
  return [...functions].map(([kind, made]) => [`${environment.name}-${kind}`, made] as const);
}

/** Account and Region come from whoever deploys unless the file names them: no look-up is needed to synthesize. */
function stackFor(app: App, { project }: DeployableSecrets, environment: DeclaredEnvironment, part: string): Stack {
  const { name, account, region } = environment;
  const id = `${project}-${name}-${part}`;
  const found = app.node.tryFindChild(id);
  if (found instanceof Stack) return found;
  const description = `Rotation of secrets of ${project} in ${name}: ${part}`;
  return new Stack(app, id, { description, env: { ...(account && { account }), ...(region && { region }) } });
}

if (import.meta.main) {
  const app = new App();
  try {
    addStacks(app, readDeployable(String(app.node.tryGetContext('secrets') ?? 'infra/secrets.yaml')));
  } catch (error) {
    if (!(error instanceof SecretsFileRefused || error instanceof NotBuilt)) throw error;
    console.error(error.message);
    process.exit(1); // before the app, which writes what it has when the process ends, writes a part
  }
}
