import { App, Stack, Validations } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { RotationMonitoring } from '../../infra/rotation-monitoring.ts';
import { monitoringStack, monitoringTemplate } from './monitoring/watched.ts';

const template = monitoringTemplate({ emails: ['on-call@example.com'] });
const nobodyNamed = monitoringTemplate();
const alarms = Object.entries(template.findResources('AWS::CloudWatch::Alarm')).map(([id, { Properties }]) => ({
  id,
  ...Properties,
}));
const alarm = (part: string) => alarms.filter(({ id }) => id.includes(part));
const logicalIdOf = (type: string, part = ''): string => {
  const [id, ...more] = Object.keys(template.findResources(type)).filter((found) => found.includes(part));
  if (!id || more.length > 0) throw new Error(`expected exactly one ${type}`);
  return id;
};
const topic = { Ref: logicalIdOf('AWS::SNS::Topic') };
const key = { 'Fn::GetAtt': [logicalIdOf('AWS::KMS::Key'), 'Arn'] };
const account = { Ref: 'AWS::AccountId' };

describe('every alarm', () => {
  it.each(alarms.map(({ id }) => id))('%s tells the topic, also when it is over, and what to do', (id) => {
    const found = alarms.find((one) => one.id === id);
    expect(found).toMatchObject({ AlarmActions: [topic], OKActions: [topic] });
    expect(found?.AlarmDescription).toMatch(/\. .+[.]$/);
  });
});

describe('alarms on a function', () => {
  it.each(['FailedSteps', 'Errors', 'Throttles', 'Duration'])('are one on %s for each function', (name) => {
    expect(alarm(`password${name}`)).toHaveLength(1);
    expect(alarm(`user${name}`)).toHaveLength(1);
  });

  it.each(['FailedSteps', 'Errors', 'Throttles', 'FailedRetirements'])(
    'on %s go off at the first, within five minutes, and rest where nothing rotates',
    (name) => {
      const found = alarm(name);
      expect(found.length).toBeGreaterThan(0);
      for (const one of found) {
        expect(one).toMatchObject({
          Threshold: 0,
          ComparisonOperator: 'GreaterThanThreshold',
          EvaluationPeriods: 1,
          TreatMissingData: 'notBreaching',
        });
        expect(one.Period ?? one.Metrics[0].Period).toBe(300);
      }
    },
  );

  it('on failed steps have one contributor for each error code, of this function alone', () => {
    const [{ Metrics } = { Metrics: [] }] = alarm('passwordFailedSteps');
    expect(Metrics[0].Expression).toMatch(
      / WHERE "function" = 'rotate-random' GROUP BY errorCode ORDER BY SUM\(\) DESC$/,
    );
  });

  it.each([
    ['password', 24_000],
    ['user', 48_000],
  ])('on the duration of %s go off at 80 %% of its time limit', (name, milliseconds) => {
    expect(alarm(`${name}Duration`)).toEqual([
      expect.objectContaining({
        Threshold: milliseconds,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        Statistic: 'Maximum',
        TreatMissingData: 'notBreaching',
      }),
    ]);
  });
});

describe('the daily check', () => {
  it('runs every day', () => {
    template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'cron(17 5 * * ? *)' });
  });

  it('may list secrets and write its log, and nothing else', () => {
    const role = template.findResources('AWS::IAM::Role')[logicalIdOf('AWS::IAM::Role', 'OverdueCheck')];
    expect(role?.Properties.ManagedPolicyArns).toBeUndefined();
    expect(role?.Properties.Policies.flatMap((policy: never) => Object(policy).PolicyDocument.Statement)).toEqual([
      {
        Sid: 'WriteOwnLog',
        Effect: 'Allow',
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: { 'Fn::GetAtt': [logicalIdOf('AWS::Logs::LogGroup'), 'Arn'] },
      },
      { Sid: 'ListSecrets', Effect: 'Allow', Action: 'secretsmanager:ListSecrets', Resource: '*' },
    ]);
    template.resourceCountIs('AWS::IAM::Policy', 0);
  });

  it('has an alarm once a secret is more than a day overdue, which holds from one check to the next', () => {
    expect(alarm('OverdueCheckOverdue')).toEqual([
      expect.objectContaining({
        MetricName: 'MaximumDaysOverdue',
        Dimensions: [{ Name: 'function', Value: { Ref: logicalIdOf('AWS::Lambda::Function') } }],
        Statistic: 'Maximum',
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'ignore',
      }),
    ]);
  });

  it('has an alarm once it was silent for more than a day', () => {
    const [silent] = alarm('OverdueCheckSilent');
    expect(silent).toMatchObject({
      MetricName: 'RotatedSecrets',
      Dimensions: [{ Name: 'function', Value: { Ref: logicalIdOf('AWS::Lambda::Function') } }],
      Statistic: 'SampleCount',
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    });
    const hours = (silent?.['Period'] * silent?.['EvaluationPeriods']) / 3600;
    expect(hours).toBeGreaterThan(24);
    expect(hours).toBeLessThan(48);
  });

  it('that was not built yet says what to run', () => {
    expect(
      () =>
        new RotationMonitoring(new Stack(), 'Watch', {
          functions: {},
          trail: 'existing',
          overdueCheckBundle: 'absent',
        }),
    ).toThrow(/absent.*run "npm run build" first/);
  });
});

describe('notifications', () => {
  it('reach people by mail, if they are named', () => {
    template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'on-call@example.com' });
    nobodyNamed.resourceCountIs('AWS::SNS::Subscription', 0);
  });

  it('are encrypted with a key of their own, which alarms of this account may use', () => {
    template.hasResourceProperties('AWS::SNS::Topic', { KmsMasterKeyId: key });
    template.hasResourceProperties('AWS::KMS::Key', {
      EnableKeyRotation: true,
      KeyPolicy: {
        Statement: [
          Match.objectLike({ Action: 'kms:*' }),
          {
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
            Resource: '*',
            Condition: { StringEquals: { 'aws:SourceAccount': account } },
          },
        ],
      },
    });
  });

  it('are accepted over TLS only, and from alarms of this account', () => {
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: 'sns:Publish',
            Condition: { StringEquals: { 'aws:SourceAccount': account } },
          }),
        ],
      },
    });
  });
});

describe('a trail', () => {
  const created = monitoringTemplate({ trail: 'create' });
  const output = (of: Template) => Object.values(of.findOutputs('*')).map(({ Value }) => Value);

  it('is created only where somebody asks for it; the output says which', () => {
    template.resourceCountIs('AWS::CloudTrail::Trail', 0);
    expect(output(template)).toEqual([
      expect.stringMatching(/^needed, and not created by this stack: a CloudTrail trail/),
    ]);
    created.resourceCountIs('AWS::CloudTrail::Trail', 1);
    expect(output(created)).toEqual(['created by this stack']);
  });

  it('logs the write events of this region, which the events of rotations are', () => {
    created.hasResourceProperties('AWS::CloudTrail::Trail', {
      IsLogging: true,
      IsMultiRegionTrail: false,
      EnableLogFileValidation: true,
      EventSelectors: [{ IncludeManagementEvents: true, ReadWriteType: 'WriteOnly' }],
    });
  });

  it('alone may write to its bucket', () => {
    const [trail] = Object.values(created.findResources('AWS::CloudTrail::Trail'));
    const [policy] = Object.values(created.findResources('AWS::S3::BucketPolicy'));
    const allowed = policy?.Properties.PolicyDocument.Statement.filter(
      ({ Effect }: { Effect: string }) => Effect === 'Allow',
    );
    expect(allowed).toHaveLength(2);
    for (const { Principal, Condition } of allowed) {
      expect(Principal).toEqual({ Service: 'cloudtrail.amazonaws.com' });
      expect(JSON.stringify(Condition.StringEquals['aws:SourceArn'])).toContain(
        `:trail/${trail?.Properties.TrailName}"`,
      );
    }
  });
});

describe("AWS's rules for solutions", () => {
  /** Synthesis, which cdk-nag ends if it finds something. */
  function check(stack: Stack) {
    const app = App.of(stack);
    if (app === undefined) throw new Error('The stack is in no app.');
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    return () => app.synth();
  }
  const stack = monitoringStack({ trail: 'create' });
  const other = monitoringStack();
  new Queue(other, 'Plain');

  it('find nothing that is not acknowledged with its reason', () => {
    expect(check(stack)).not.toThrow();
  });

  it('would find a queue that takes requests without TLS', () => {
    expect(check(other)).toThrow('AwsSolutions-SQS4');
  });
});
