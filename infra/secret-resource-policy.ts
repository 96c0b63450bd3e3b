import { DefaultStackSynthesizer, Fn, Stack } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnResourcePolicy } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { Rotator } from './rotation-function.ts';

/**
 * Keeps policies away that would open the secret to everybody: this one is checked on deployment, later ones are refused
 * unless they are checked too. With operators, nobody else starts, cancels or relabels rotations by hand. The function, the
 * service itself and CloudFormation, which sets schedules with RotateSecret, still do.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
 */
export function secretResourcePolicy(
  scope: Construct,
  secretArn: string,
  operators: readonly string[] | undefined,
  rotatedBy: Rotator | undefined,
): CfnResourcePolicy {
  const everybody = { effect: Effect.DENY, principals: [new AnyPrincipal()], resources: ['*'] };
  const statements = [
    new PolicyStatement({
      ...everybody,
      sid: 'KeepPublicPoliciesOut',
      actions: ['secretsmanager:PutResourcePolicy'],
      conditions: { BoolIfExists: { 'secretsmanager:BlockPublicPolicy': 'false' } },
    }),
  ];
  if (operators) {
    statements.push(
      new PolicyStatement({
        ...everybody,
        sid: 'LeaveRotationToOperators',
        actions: [
          'secretsmanager:CancelRotateSecret',
          'secretsmanager:RotateSecret',
          'secretsmanager:UpdateSecretVersionStage',
        ],
        conditions: {
          ArnNotEquals: {
            'aws:PrincipalArn': [...operators, deployer(Stack.of(scope)), ...(rotatedBy ? [rotatedBy.roleArn] : [])],
          },
          // A service that acts for itself has no principal's ARN, and would count as somebody else. The key is there in every
          // signed request: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
          Bool: { 'aws:PrincipalIsAWSService': 'false' },
        },
      }),
    );
  }
  return new CfnResourcePolicy(scope, 'ResourcePolicy', {
    secretId: secretArn,
    resourcePolicy: new PolicyDocument({ statements }),
    blockPublicPolicy: true,
  });
}

/** The role that CloudFormation deploys with in a bootstrapped account. */
function deployer({ synthesizer }: Stack): string {
  if (synthesizer instanceof DefaultStackSynthesizer) return Fn.sub(synthesizer.cloudFormationExecutionRoleArn);
  throw new Error('Operators need to know the role that CloudFormation deploys with: use the default synthesizer.');
}
