import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, CfnPermission, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface RotationFunctionProps {
  /** The folder that `npm run build` wrote for one function, with `index.mjs` in it; relative to the working directory. */
  readonly bundle: string;
  /** Defaults and floors of the function's settings. Readable by anyone who may describe the function: no secrets. */
  readonly environment?: Record<string, string>;
}

/**
 * One deployed rotation function, and Secrets Manager's permission to invoke it. By itself it may do nothing but write its
 * log: the right to one secret comes with each `RotatedSecret`.
 */
export class RotationFunction extends Construct {
  readonly arn: string;
  readonly role: Role;
  /** What a schedule has to wait for: Secrets Manager refuses to schedule a function that it may not invoke. */
  readonly permission: CfnPermission;

  constructor(scope: Construct, id: string, props: RotationFunctionProps) {
    super(scope, id);
    if (!existsSync(join(props.bundle, 'index.mjs'))) {
      throw new Error(`There is no ${join(props.bundle, 'index.mjs')}: run "npm run build" first.`);
    }

    // Long enough to hold the last rotations of a monthly secret next to each other.
    const logGroup = new LogGroup(this, 'Log', { retention: RetentionDays.THREE_MONTHS });

    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: {
        WriteOwnLog: new PolicyDocument({
          statements: [
            new PolicyStatement({
              actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
              // This ARN ends in `:*`, the streams of this one group: Lambda names them as it runs.
              resources: [logGroup.logGroupArn],
            }),
          ],
        }),
      },
    });

    const lambda = new LambdaFunction(this, 'Function', {
      code: Code.fromAsset(props.bundle),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      timeout: Duration.seconds(30),
      memorySize: 256,
      role: this.role,
      logGroup,
      ...(props.environment && { environment: props.environment }),
    });
    this.arn = lambda.functionArn;

    this.permission = new CfnPermission(this, 'InvokedBySecretsManager', {
      action: 'lambda:InvokeFunction',
      functionName: this.arn,
      principal: 'secretsmanager.amazonaws.com',
      // Without it, a secret of a stranger's account could name this function as its rotator.
      sourceAccount: Stack.of(this).account,
    });
  }
}
