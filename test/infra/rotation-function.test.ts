import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { DatabaseNetwork } from '../../infra/database-network.ts';
import { RotationFunction, type RotationFunctionProps } from '../../infra/rotation-function.ts';
import { standInStack, temporaryFolder, writeBundle } from './stand-in-stack.ts';

const { stack, bundle, outdir } = standInStack();
new RotationFunction(stack, 'Rotation', {
  name: 'shop-prod-rotation',
  bundle,
  environment: { PASSWORD_LENGTH: '40' },
  reservedConcurrency: 2,
});
const template = Template.fromStack(stack);

const only = (type: string): [logicalId: string, properties: Record<string, unknown>] => {
  const [found, ...more] = Object.entries(template.findResources(type));
  if (!found || more.length > 0) throw new Error(`expected exactly one ${type}`);
  return [found[0], found[1].Properties];
};

const account = '111122223333';
const region = 'eu-central-1';
const folder = temporaryFolder();
const built = writeBundle(join(folder, 'bundle'));

/** The statements of a function's role, in an account and Region that make ARNs readable; none of those that all have. */
function statements(props: (stack: Stack) => Partial<RotationFunctionProps>): readonly Record<string, unknown>[] {
  const place = new Stack(new App({ outdir: join(folder, 'cdk.out') }), 'Test', { env: { account, region } });
  new RotationFunction(place, 'Rotation', {
    name: 'rotation',
    bundle: built,
    namePrefix: 'shop/prod/',
    ...props(place),
  });
  const [role, ...more] = Object.values(Template.fromStack(place).findResources('AWS::IAM::Role'));
  expect(more).toEqual([]);
  const { Policies, ManagedPolicyArns } = role?.Properties ?? {};
  expect(ManagedPolicyArns).toBeUndefined();
  const [policy, ...others] = Policies;
  expect(others).toEqual([]);
  const text = JSON.stringify(policy.PolicyDocument.Statement).replaceAll('{"Ref":"AWS::Partition"}', '"aws"');
  return JSON.parse(text, (_, value) => value?.['Fn::GetAtt']?.join('.') ?? value?.['Fn::Join']?.[1].join('') ?? value);
}

const bySid = (found: readonly Record<string, unknown>[], ...sids: string[]) =>
  found.filter(({ Sid }) => sids.includes(String(Sid)));
const sidsOf = (found: readonly Record<string, unknown>[]) => found.map(({ Sid }) => Sid);

const key = `arn:aws:kms:${region}:${account}:key/11111111-1111-1111-1111-111111111111`;
const otherKey = `arn:aws:kms:${region}:${account}:key/22222222-2222-2222-2222-222222222222`;
const boss = `arn:aws:secretsmanager:${region}:${account}:secret:elsewhere/boss-AbCdEf`;

describe('a rotation function', () => {
  it('runs its bundle on Node 24 and arm64, with half a minute to answer', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'shop-prod-rotation',
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      Timeout: 30,
      MemorySize: 256,
      ReservedConcurrentExecutions: 2,
      Environment: { Variables: { PASSWORD_LENGTH: '40' } },
    });
  });

  it('deploys the very files of the bundle', () => {
    const assets = readdirSync(outdir).filter((name) => name.startsWith('asset.'));
    expect(assets.map((asset) => readdirSync(join(outdir, asset)))).toEqual([['index.mjs']]);
  });

  it('logs to a group of its own, which forgets', () => {
    const [group, properties] = only('AWS::Logs::LogGroup');
    expect(properties).toEqual({ LogGroupName: '/aws/lambda/shop-prod-rotation', RetentionInDays: 90 });
    template.hasResourceProperties('AWS::Lambda::Function', { LoggingConfig: { LogGroup: { Ref: group } } });
  });

  it('lets Secrets Manager invoke it, for secrets of this account alone', () => {
    const [lambda] = only('AWS::Lambda::Function');
    expect(only('AWS::Lambda::Permission')[1]).toEqual({
      Action: 'lambda:InvokeFunction',
      FunctionName: { 'Fn::GetAtt': [lambda, 'Arn'] },
      Principal: 'secretsmanager.amazonaws.com',
      SourceAccount: { Ref: 'AWS::AccountId' },
    });
  });

  it('that was not built yet says what to run', () => {
    expect(() => new RotationFunction(new Stack(), 'Rotation', { name: 'x', bundle: join(bundle, 'absent') })).toThrow(
      /absent.*run "npm run build" first/,
    );
  });
});

describe('the role of a rotation function', () => {
  it('is for Lambda alone, and named, so that secrets of other stacks can name it', () => {
    expect(only('AWS::IAM::Role')[1]).toMatchObject({
      RoleName: 'shop-prod-rotation',
      AssumeRolePolicyDocument: {
        Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }],
      },
    });
    template.resourceCountIs('AWS::IAM::Policy', 0);
    template.resourceCountIs('AWS::IAM::ManagedPolicy', 0);
  });

  it('may write its own log, and work on the secrets that name it as their rotator; by itself nothing else', () => {
    expect(statements(() => ({}))).toEqual([
      {
        Sid: 'WriteOwnLog',
        Effect: 'Allow',
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: expect.stringMatching(/^RotationLog\w+\.Arn$/),
      },
      {
        Sid: 'RotateOwnSecrets',
        Effect: 'Allow',
        Action: [
          'secretsmanager:DescribeSecret',
          'secretsmanager:GetSecretValue',
          'secretsmanager:PutSecretValue',
          'secretsmanager:UpdateSecretVersionStage',
        ],
        Resource: `arn:aws:secretsmanager:${region}:${account}:secret:shop/prod/*`,
        Condition: {
          StringEquals: {
            'secretsmanager:resource/AllowRotationLambdaArn': `arn:aws:lambda:${region}:${account}:function:rotation`,
          },
        },
      },
    ]);
  });

  it('uses the key of its secrets only through Secrets Manager, and only for them', () => {
    const found = statements(() => ({ keys: [key] }));
    expect(sidsOf(found)).toEqual(['WriteOwnLog', 'RotateOwnSecrets', 'UseKeysOfOwnSecrets']);
    expect(bySid(found, 'UseKeysOfOwnSecrets')).toEqual([
      {
        Sid: 'UseKeysOfOwnSecrets',
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Resource: key,
        Condition: {
          StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` },
          StringLike: {
            'kms:EncryptionContext:SecretARN': [`arn:aws:secretsmanager:${region}:${account}:secret:shop/prod/*`],
          },
        },
      },
    ]);
  });

  it('reads exactly the superusers that it is given, and decrypts what nothing else covers', () => {
    const inside = `arn:aws:secretsmanager:${region}:${account}:secret:shop/prod/boss-??????`;
    const found = statements((place) => ({
      keys: [key],
      powerful: [
        { secretArn: boss, keyArn: otherKey },
        { secretArn: inside.replace('arn:aws', `arn:${place.partition}`), keyArn: key },
      ],
    }));
    expect(bySid(found, 'ReadPowerfulSecrets', 'UseKeysOfPowerfulSecrets')).toEqual([
      {
        Sid: 'ReadPowerfulSecrets',
        Effect: 'Allow',
        Action: 'secretsmanager:GetSecretValue',
        Resource: [boss, inside],
      },
      {
        Sid: 'UseKeysOfPowerfulSecrets',
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Resource: otherKey,
        Condition: {
          StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` },
          StringLike: { 'kms:EncryptionContext:SecretARN': [boss] },
        },
      },
    ]);
  });

  it('asks RDS what it is meant to ask, and changes nothing there', () => {
    const found = statements(() => ({ rdsCalls: ['DescribeDBInstances', 'DescribeDBClusters'] }));
    expect(found.slice(2)).toEqual([
      {
        Sid: 'DescribeDBInstances',
        Effect: 'Allow',
        Action: 'rds:DescribeDBInstances',
        Resource: `arn:aws:rds:${region}:${account}:db:*`,
      },
      {
        Sid: 'DescribeDBClusters',
        Effect: 'Allow',
        Action: 'rds:DescribeDBClusters',
        Resource: `arn:aws:rds:${region}:${account}:cluster:*`,
      },
    ]);
  });

  it('makes access keys for exactly the users that it is given', () => {
    const user = `arn:aws:iam::${account}:user/ci`;
    expect(statements(() => ({ iamUsers: [user] })).slice(2)).toEqual([
      {
        Sid: 'MakeAccessKeys',
        Effect: 'Allow',
        Action: [
          'iam:CreateAccessKey',
          'iam:DeleteAccessKey',
          'iam:GetAccessKeyLastUsed',
          'iam:ListAccessKeys',
          'iam:UpdateAccessKey',
        ],
        Resource: user,
      },
    ]);
  });

  it('connects to a VPC only where it runs in one, in these subnets, and leaves that to Lambda', () => {
    const found = statements((place) => ({
      network: new DatabaseNetwork(place, 'Network', {
        vpc: 'vpc-11111111',
        subnets: { 'eu-central-1a': 'subnet-11111111' },
        databases: {},
        aws: 'nat',
        rds: false,
      }),
    }));
    const ec2 = `arn:aws:ec2:${region}:${account}`;
    expect(found.slice(2)).toEqual([
      {
        Sid: 'CreateNetworkInterfaces',
        Effect: 'Allow',
        Action: 'ec2:CreateNetworkInterface',
        Resource: [
          `${ec2}:network-interface/*`,
          `${ec2}:subnet/subnet-11111111`,
          expect.stringMatching(/:security-group\/NetworkFunctions\w+\.GroupId$/),
        ],
      },
      {
        Sid: 'ManageNetworkInterfaces',
        Effect: 'Allow',
        Action: [
          'ec2:AssignPrivateIpAddresses',
          'ec2:DeleteNetworkInterface',
          'ec2:DescribeNetworkInterfaces',
          'ec2:DescribeSubnets',
          'ec2:UnassignPrivateIpAddresses',
        ],
        Resource: '*',
      },
      {
        Sid: 'LeaveNetworkToLambda',
        Effect: 'Deny',
        Action: [
          'ec2:AssignPrivateIpAddresses',
          'ec2:CreateNetworkInterface',
          'ec2:DeleteNetworkInterface',
          'ec2:DescribeNetworkInterfaces',
          'ec2:DescribeSubnets',
          'ec2:UnassignPrivateIpAddresses',
        ],
        Resource: '*',
        Condition: {
          ArnEquals: { 'lambda:SourceFunctionArn': `arn:aws:lambda:${region}:${account}:function:rotation` },
        },
      },
    ]);
  });
});
