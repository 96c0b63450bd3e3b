import { RemovalPolicy } from 'aws-cdk-lib';
import { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnRotationSchedule, Secret, type SecretStringGenerator } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { RotationFunction } from './rotation-function.ts';

export interface RotatedSecretProps {
  /** Shown beside the secret in the console: what it is, and what of its first value is to be edited. */
  readonly description: string;
  /**
   * Makes the first value, once. Leave it alone after the first deployment: CloudFormation answers a change of it by
   * writing a newly generated value over the live one.
   */
  readonly firstValue: SecretStringGenerator;
  readonly rotatedBy: RotationFunction;
}

/**
 * One secret, the right of one function to rotate it, and the schedule. The secret outlives its stack.
 *
 * Nothing rotates on deployment; the service only runs `testSecret` on a copy of the current value. While that is still a
 * placeholder the test fails, which is recorded as TestRotationFailed and does not fail the deployment.
 */
export class RotatedSecret extends Construct {
  constructor(scope: Construct, id: string, { description, firstValue, rotatedBy }: RotatedSecretProps) {
    super(scope, id);

    const secret = new Secret(this, 'Secret', {
      description,
      generateSecretString: firstValue,
      removalPolicy: RemovalPolicy.RETAIN,
    });

    // A policy apart from the role: the function waits for its role, and this policy names the function.
    const mayRotate = new Policy(this, 'MayRotate', {
      roles: [rotatedBy.role],
      statements: [
        new PolicyStatement({
          actions: [
            'secretsmanager:DescribeSecret',
            'secretsmanager:GetSecretValue',
            'secretsmanager:PutSecretValue',
            'secretsmanager:UpdateSecretVersionStage',
          ],
          resources: [secret.secretArn],
          // Whoever hands this secret to another rotator shuts this one out with the same call.
          conditions: { StringEquals: { 'secretsmanager:resource/AllowRotationLambdaArn': rotatedBy.arn } },
        }),
      ],
    });

    // The L2 schedule would permit the invocation without SourceAccount, and cannot express cron.
    const schedule = new CfnRotationSchedule(this, 'Schedule', {
      secretId: secret.secretArn,
      rotationLambdaArn: rotatedBy.arn,
      rotateImmediatelyOnUpdate: false,
      rotationRules: { scheduleExpression: 'rate(30 days)' },
    });
    // The service runs testSecret as soon as the schedule exists: everything that it needs must exist before.
    schedule.node.addDependency(rotatedBy.permission, mayRotate);
  }
}
