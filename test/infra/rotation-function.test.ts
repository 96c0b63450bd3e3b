import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { RotationFunction } from '../../infra/rotation-function.ts';
import { standInStack } from './stand-in-stack.ts';

const { stack, bundle, outdir } = standInStack();
new RotationFunction(stack, 'Rotation', { bundle, environment: { PASSWORD_LENGTH: '40' } });
const template = Template.fromStack(stack);

const only = (type: string): [logicalId: string, properties: Record<string, unknown>] => {
  const [found, ...more] = Object.entries(template.findResources(type));
  if (!found || more.length > 0) throw new Error(`expected exactly one ${type}`);
  return [found[0], found[1].Properties];
};

describe('a rotation function', () => {
  it('runs its bundle on Node 24 and arm64, with half a minute to answer', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      Timeout: 30,
      MemorySize: 256,
      Environment: { Variables: { PASSWORD_LENGTH: '40' } },
    });
  });

  it('deploys the very files of the bundle', () => {
    const assets = readdirSync(outdir).filter((name) => name.startsWith('asset.'));
    expect(assets.map((asset) => readdirSync(join(outdir, asset)))).toEqual([['index.mjs']]);
  });

  it('logs to a group of its own, which forgets', () => {
    const [group, properties] = only('AWS::Logs::LogGroup');
    expect(properties).toEqual({ RetentionInDays: 90 });
    template.hasResourceProperties('AWS::Lambda::Function', { LoggingConfig: { LogGroup: { Ref: group } } });
  });

  it('may, by itself, do nothing but write that log', () => {
    const [group] = only('AWS::Logs::LogGroup');
    expect(only('AWS::IAM::Role')[1]).toEqual({
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }],
      },
      Policies: [
        {
          PolicyName: 'WriteOwnLog',
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
                Resource: { 'Fn::GetAtt': [group, 'Arn'] },
              },
            ],
          },
        },
      ],
    });
    template.resourceCountIs('AWS::IAM::Policy', 0);
    template.resourceCountIs('AWS::IAM::ManagedPolicy', 0);
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
    expect(() => new RotationFunction(new Stack(), 'Rotation', { bundle: join(bundle, 'absent') })).toThrow(
      /absent.*run "npm run build" first/,
    );
  });
});
