import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { rotationSetting } from '../../local/secrets-manager/rotation-setting.ts';
import { monitoringTemplate } from './watched.ts';

const template = monitoringTemplate();
const rules = Object.values(template.findResources('AWS::Events::Rule')).map(({ Properties }) => Properties);
const [rule, ...more] = rules.filter(({ EventPattern }) => EventPattern !== undefined);
const idOf = (type: string) => Object.keys(template.findResources(type)).find((id) => id.includes('Events')) ?? '';

/** The part of EventBridge's patterns that is used: nested fields, and lists of texts of which one must be there. */
type Pattern = { readonly [field: string]: readonly string[] | Pattern };
const pattern: z.ZodType<Pattern> = z.record(z.string(), z.union([z.array(z.string()), z.lazy(() => pattern)]));

function matches(wanted: Pattern, event: unknown): boolean {
  return Object.entries(wanted).every(([field, expected]) => {
    const value: unknown = Object(event)[field];
    return Array.isArray(expected) ? expected.includes(value) : matches(z.lazy(() => pattern).parse(expected), value);
  });
}

/** What the service puts on the bus about one rotation. */
async function eventsOf(does: 'rotate' | 'fail' | 'write by hand', RotateImmediately: boolean) {
  const setting = await rotationSetting(
    async ({ Step }) => {
      if (does === 'fail') throw new Error('broken');
      if (does === 'write by hand' && Step === 'setSecret') {
        await setting.client.send(new PutSecretValueCommand({ SecretId: 's', SecretString: 'by hand' }));
      }
    },
    { retries: 0 },
  );
  await setting.rotateSecret({ RotateImmediately });
  await setting.service.settled();
  return setting.service.events;
}

/** Of rotations that end in each way. */
async function everyEvent() {
  const events = [
    eventsOf('rotate', true),
    eventsOf('rotate', false),
    eventsOf('fail', true),
    eventsOf('fail', false),
    eventsOf('write by hand', true),
  ];
  return (await Promise.all(events)).flat();
}

describe('the rule', () => {
  it('hears of rotations that failed, were abandoned or failed their test, and of no other', async () => {
    const events = await everyEvent();
    const heard = (event: unknown) => matches(pattern.parse(rule?.EventPattern), event);
    const names = (found: typeof events) => [...new Set(found.map(({ detail }) => detail.eventName))].toSorted();
    expect(more).toEqual([]);
    expect(names(events.filter(heard))).toEqual(['RotationAbandoned', 'RotationFailed', 'TestRotationFailed']);
    expect(names(events.filter((event) => !heard(event)))).toEqual([
      'RotationStarted',
      'RotationSucceeded',
      'TestRotationStarted',
      'TestRotationSucceeded',
    ]);
  });

  it('says which secret, what, when and where', async () => {
    const [event] = (await eventsOf('fail', true)).filter(({ detail }) => detail.eventName === 'RotationFailed');
    const [target] = rule?.Targets ?? [];
    const { InputPathsMap, InputTemplate } = target.InputTransformer;
    const valueAt = (path: string) =>
      path
        .split('.')
        .slice(1)
        .reduce((value, field) => Object(value)[field], Object(event));
    const message = String(InputTemplate).replace(/<([\w-]+)>/g, (_, name) => String(valueAt(InputPathsMap[name])));
    expect(message).toContain(`RotationFailed at ${event?.time}`);
    expect(message).toContain(`Secret: ${event?.detail.additionalEventData.SecretId}`);
    expect(message).toContain(`Account ${event?.account}, ${event?.region}`);
    expect(message).toContain(`${event?.detail.errorMessage}`);
    expect(message).not.toContain('undefined');
  });

  it('publishes as a role that may do only that, since the key cannot name the rule as its source', () => {
    const role = template.findResources('AWS::IAM::Role')[idOf('AWS::IAM::Role')];
    const topic = { Ref: Object.keys(template.findResources('AWS::SNS::Topic'))[0] };
    expect(rule?.Targets[0]).toMatchObject({
      Arn: topic,
      RoleArn: { 'Fn::GetAtt': [idOf('AWS::IAM::Role'), 'Arn'] },
    });
    expect(role?.Properties).toEqual({
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: 'sts:AssumeRole',
            Principal: { Service: 'events.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      },
      Policies: [
        {
          PolicyName: 'Publish',
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              { Effect: 'Allow', Action: 'sns:Publish', Resource: topic },
              {
                Effect: 'Allow',
                Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
                Resource: { 'Fn::GetAtt': [Object.keys(template.findResources('AWS::KMS::Key'))[0], 'Arn'] },
                Condition: {
                  StringEquals: {
                    'kms:ViaService': { 'Fn::Join': ['', ['sns.', { Ref: 'AWS::Region' }, '.amazonaws.com']] },
                  },
                },
              },
            ],
          },
        },
      ],
    });
  });

  it('leaves what it cannot deliver in an encrypted queue that only it may fill, with an alarm', () => {
    const queue = { 'Fn::GetAtt': [idOf('AWS::SQS::Queue'), 'Arn'] };
    expect(rule?.Targets[0].DeadLetterConfig).toEqual({ Arn: queue });
    template.hasResourceProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true });
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({
            Action: 'sqs:SendMessage',
            Principal: { Service: 'events.amazonaws.com' },
            Condition: { ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [idOf('AWS::Events::Rule'), 'Arn'] } } },
          }),
        ],
      },
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
    });
  });
});
