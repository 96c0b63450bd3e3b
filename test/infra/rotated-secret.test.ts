import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { RotatedSecret, type RotatedSecretProps } from '../../infra/rotated-secret.ts';
import { RotationFunction } from '../../infra/rotation-function.ts';
import { temporaryFolder, writeBundle } from './stand-in-stack.ts';

const folder = temporaryFolder();
const bundle = writeBundle(join(folder, 'bundle'));
const env = { account: '111122223333', region: 'eu-central-1' };
const lambdaArn = 'arn:aws:lambda:eu-central-1:111122223333:function:rotation';
const roleArn = 'arn:aws:iam::111122223333:role/rotation';
const schedule = { rules: { scheduleExpression: 'rate(30 days)' }, immediately: false };

type Resource = { readonly Properties: Record<string, unknown>; readonly DependsOn?: readonly string[] };

/** One secret, in a stack of its own or that of its function. */
function deployed(props: Partial<RotatedSecretProps> & { readonly apart?: boolean; readonly rotates?: boolean } = {}) {
  const { apart = false, rotates = false, ...rest } = props;
  const app = new App({ outdir: join(folder, 'cdk.out') });
  const functions = new Stack(app, 'Functions', { env });
  const stack = apart ? new Stack(app, 'Secrets', { env }) : functions;
  new RotatedSecret(stack, 'Rotated', {
    name: 'shop/prod/orders',
    ...(rotates && { rotatedBy: new RotationFunction(functions, 'Rotation', { name: 'rotation', bundle }), schedule }),
    ...rest,
  });
  const template = Template.fromStack(stack); // throws on circular dependencies
  const text = JSON.stringify(template.toJSON()).replaceAll('{"Ref":"AWS::Partition"}', '"aws"');
  const resources: Record<string, Resource & { readonly Type: string }> = JSON.parse(text, (_, value) =>
    value?.['Fn::Join'] ? value['Fn::Join'][1].join('') : value,
  ).Resources;
  const only = (type: string): Resource => {
    const [found, ...more] = Object.values(resources).filter(({ Type }) => Type === type);
    if (!found || more.length > 0) throw new Error(`expected exactly one ${type}`);
    return found;
  };
  return { stack, functions, resources, only };
}

const types = (resources: Record<string, { readonly Type: string }>) =>
  Object.values(resources).map(({ Type }) => Type);

describe('a rotated secret', () => {
  it('has its name, key, tags and replicas, and outlives its stack and its own replacement', () => {
    const replicaKey = 'arn:aws:kms:us-east-1:111122223333:key/11111111-1111-1111-1111-111111111111';
    const { only } = deployed({
      description: 'Orders',
      encryptionKey: 'alias/shop-prod',
      tags: { team: 'shop', 'rotation:length': '40' },
      replicas: { 'eu-west-1': 'default', 'us-east-1': replicaKey },
    });
    expect(only('AWS::SecretsManager::Secret')).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        Name: 'shop/prod/orders',
        Description: 'Orders',
        KmsKeyId: 'arn:aws:kms:eu-central-1:111122223333:alias/shop-prod',
        Tags: [
          { Key: 'rotation:length', Value: '40' },
          { Key: 'team', Value: 'shop' },
        ],
        ReplicaRegions: [{ Region: 'eu-west-1' }, { Region: 'us-east-1', KmsKeyId: replicaKey }],
      },
    });
  });

  it.each<[string, RotatedSecretProps['firstValue'], Record<string, unknown>]>([
    [
      'generated',
      { generate: { length: 40, exclude: '"' } },
      { GenerateSecretString: { PasswordLength: 40, ExcludeCharacters: '"' } },
    ],
    [
      'generated in a field of an object',
      { json: { username: 'app' }, generate: { field: 'password', length: 32, exclude: '', alphanumeric: true } },
      {
        GenerateSecretString: {
          PasswordLength: 32,
          ExcludeCharacters: '',
          ExcludePunctuation: true,
          SecretStringTemplate: '{"username":"app"}',
          GenerateStringKey: 'password',
        },
      },
    ],
    ['an object of placeholders', { json: { key: '' } }, { SecretString: '{"key":""}' }],
  ])('begins with a value that is %s', (_, firstValue, expected) => {
    const { Properties } = deployed({ ...(firstValue && { firstValue }) }).only('AWS::SecretsManager::Secret');
    expect(Properties).toEqual({ Name: 'shop/prod/orders', ...expected });
  });

  it('lets nobody open it to everybody', () => {
    expect(deployed().only('AWS::SecretsManager::ResourcePolicy').Properties).toEqual({
      SecretId: { Ref: expect.stringMatching(/^RotatedSecret/) },
      BlockPublicPolicy: true,
      ResourcePolicy: {
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 'KeepPublicPoliciesOut',
            Effect: 'Deny',
            Principal: { AWS: '*' },
            Action: 'secretsmanager:PutResourcePolicy',
            Resource: '*',
            Condition: { BoolIfExists: { 'secretsmanager:BlockPublicPolicy': 'false' } },
          },
        ],
      },
    });
  });

  it('leaves its rotation to operators, its function, CloudFormation and the service, where operators are named', () => {
    const operator = 'arn:aws:iam::111122223333:role/operator';
    const policy = deployed({ operators: [operator], rotates: true }).only('AWS::SecretsManager::ResourcePolicy');
    expect(policy.Properties['ResourcePolicy']).toMatchObject({
      Statement: [
        { Sid: 'KeepPublicPoliciesOut' },
        {
          Sid: 'LeaveRotationToOperators',
          Effect: 'Deny',
          Principal: { AWS: '*' },
          Action: [
            'secretsmanager:CancelRotateSecret',
            'secretsmanager:RotateSecret',
            'secretsmanager:UpdateSecretVersionStage',
          ],
          Condition: {
            ArnNotEquals: {
              'aws:PrincipalArn': [
                operator,
                {
                  'Fn::Sub':
                    // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's own placeholder.
                    'arn:${AWS::Partition}:iam::111122223333:role/cdk-hnb659fds-cfn-exec-role-111122223333-eu-central-1',
                },
                roleArn,
              ],
            },
            Bool: { 'aws:PrincipalIsAWSService': 'false' },
          },
        },
      ],
    });
  });

  it('without a schedule has none, and needs nothing more', () => {
    expect(types(deployed().resources)).toEqual(['AWS::SecretsManager::Secret', 'AWS::SecretsManager::ResourcePolicy']);
  });

  it('rotates as its schedule says, and not on deployment', () => {
    expect(deployed({ rotates: true }).only('AWS::SecretsManager::RotationSchedule').Properties).toEqual({
      SecretId: { Ref: expect.stringMatching(/^RotatedSecret/) },
      RotationLambdaARN: lambdaArn,
      RotateImmediatelyOnUpdate: false,
      RotationRules: { ScheduleExpression: 'rate(30 days)' },
    });
  });

  it('rotates on deployment, by cron and in a window, where it is told to', () => {
    const { only } = deployed({
      rotates: true,
      schedule: { rules: { scheduleExpression: 'cron(0 3 ? * SUN *)', duration: '3h' }, immediately: true },
    });
    expect(only('AWS::SecretsManager::RotationSchedule').Properties).toMatchObject({
      RotateImmediatelyOnUpdate: true,
      RotationRules: { ScheduleExpression: 'cron(0 3 ? * SUN *)', Duration: '3h' },
    });
  });

  it('is scheduled only once Secrets Manager may invoke the function', () => {
    const { resources, only } = deployed({ rotates: true });
    const [permission] = Object.entries(resources).find(([, { Type }]) => Type === 'AWS::Lambda::Permission') ?? [];
    expect(only('AWS::SecretsManager::RotationSchedule').DependsOn).toEqual([permission]);
  });

  it('may live in another stack than its function, which that one waits for and refers to by name alone', () => {
    const { stack, functions, only } = deployed({ rotates: true, apart: true });
    expect(stack.dependencies).toEqual([functions]);
    expect(functions.dependencies).toEqual([]);
    expect(JSON.stringify(only('AWS::SecretsManager::RotationSchedule'))).toContain(lambdaArn);
    expect(JSON.stringify(Template.fromStack(functions).toJSON())).not.toContain('Export');
  });
});
