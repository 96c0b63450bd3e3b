import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { RotatedSecret } from '../../infra/rotated-secret.ts';
import { RotationFunction } from '../../infra/rotation-function.ts';
import { standInStack } from './stand-in-stack.ts';

const { stack, bundle } = standInStack();
new RotatedSecret(stack, 'Rotated', {
  description: 'What to edit',
  firstValue: { secretStringTemplate: '{"username":"edit-me"}', generateStringKey: 'password' },
  rotatedBy: new RotationFunction(stack, 'Rotation', { bundle }),
});
// Throws on circular dependencies, which the condition on the function's ARN could make.
const template = Template.fromStack(stack);

const logicalIdOf = (type: string): string => {
  const [id, ...more] = Object.keys(template.findResources(type));
  if (!id || more.length > 0) throw new Error(`expected exactly one ${type}`);
  return id;
};
const secret = { Ref: logicalIdOf('AWS::SecretsManager::Secret') };
const lambdaArn = { 'Fn::GetAtt': [logicalIdOf('AWS::Lambda::Function'), 'Arn'] };

describe('a rotated secret', () => {
  it('has a first value, a part of it generated, and says what to edit', () => {
    template.hasResourceProperties('AWS::SecretsManager::Secret', {
      Description: 'What to edit',
      GenerateSecretString: { SecretStringTemplate: '{"username":"edit-me"}', GenerateStringKey: 'password' },
    });
  });

  it('outlives its stack, and its own replacement', () => {
    template.hasResource('AWS::SecretsManager::Secret', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });

  it('is open to its function, while that is the one that rotates it, and to no more than a rotation needs', () => {
    const policy = template.findResources('AWS::IAM::Policy')[logicalIdOf('AWS::IAM::Policy')];
    expect(policy?.Properties.Roles).toEqual([{ Ref: logicalIdOf('AWS::IAM::Role') }]);
    expect(policy?.Properties.PolicyDocument).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: [
            'secretsmanager:DescribeSecret',
            'secretsmanager:GetSecretValue',
            'secretsmanager:PutSecretValue',
            'secretsmanager:UpdateSecretVersionStage',
          ],
          Resource: secret,
          Condition: { StringEquals: { 'secretsmanager:resource/AllowRotationLambdaArn': lambdaArn } },
        },
      ],
    });
  });

  it('rotates every 30 days, and not on deployment', () => {
    const schedule = template.findResources('AWS::SecretsManager::RotationSchedule');
    expect(Object.values(schedule).map(({ Properties }) => Properties)).toEqual([
      {
        SecretId: secret,
        RotationLambdaARN: lambdaArn,
        RotateImmediatelyOnUpdate: false,
        RotationRules: { ScheduleExpression: 'rate(30 days)' },
      },
    ]);
  });

  it.each([
    ['Secrets Manager may invoke the function', 'AWS::Lambda::Permission'],
    ['the function may work on the secret', 'AWS::IAM::Policy'],
  ])('is scheduled only once %s', (_, type) => {
    template.hasResource('AWS::SecretsManager::RotationSchedule', {
      DependsOn: Match.arrayWith([logicalIdOf(type)]),
    });
  });
});
