import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { NotificationTopic } from './notification-topic.ts';

/**
 * Tells of every rotation in the account and region that failed, was abandoned, or failed its test. These events reach
 * EventBridge through a CloudTrail trail of this region that logs write events; without one the rule never matches.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-eventbridge.html
 */
export class RotationEvents extends Construct {
  /** Where notifications end up that could not be delivered within a day. */
  readonly undelivered: Queue;
  readonly undeliveredAlarm: Alarm;

  constructor(scope: Construct, id: string, { topic, key }: NotificationTopic) {
    super(scope, id);
    this.undelivered = new Queue(this, 'Undelivered', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    Validations.of(this.undelivered).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It is itself the dead-letter queue, of a rule instead of a queue.',
    });

    // A role, since a key's policy cannot bind events.amazonaws.com to this account; that of CloudWatch's alarms can:
    // https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    const publisher = new Role(this, 'Publisher', {
      assumedBy: new ServicePrincipal('events.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      inlinePolicies: {
        Publish: new PolicyDocument({
          statements: [
            new PolicyStatement({ actions: ['sns:Publish'], resources: [topic.topicArn] }),
            new PolicyStatement({
              actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
              resources: [key.keyArn],
              conditions: { StringEquals: { 'kms:ViaService': `sns.${Stack.of(this).region}.amazonaws.com` } },
            }),
          ],
        }),
      },
    });

    new Rule(this, 'Rule', {
      description: 'Rotations of secrets that failed',
      eventPattern: {
        source: ['aws.secretsmanager'],
        detailType: ['AWS Service Event via CloudTrail'],
        detail: { eventName: ['RotationFailed', 'RotationAbandoned', 'TestRotationFailed'] },
      },
      targets: [
        new SnsTopic(topic, {
          // What the role may do is written above; the construct would add a wildcard of KMS actions.
          role: publisher.withoutPolicyUpdates(),
          deadLetterQueue: this.undelivered,
          message: RuleTargetInput.fromMultilineText(
            [
              `${EventField.fromPath('$.detail.eventName')} at ${EventField.fromPath('$.time')}`,
              `Secret: ${EventField.fromPath('$.detail.additionalEventData.SecretId')}`,
              `Account ${EventField.fromPath('$.account')}, ${EventField.fromPath('$.region')}`,
              `${EventField.fromPath('$.detail.errorMessage')}`,
            ].join('\n'),
          ),
        }),
      ],
    });

    this.undeliveredAlarm = new Alarm(this, 'UndeliveredAlarm', {
      alarmDescription:
        'Notifications about failed rotations were not delivered. They lie in the dead-letter queue for 14 days: read them, then check the rights of the topic, its key and the rule.',
      metric: this.undelivered.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(5),
        statistic: 'Maximum',
      }),
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      threshold: 0,
      evaluationPeriods: 1,
      // SQS stops reporting about a queue that nobody has used for six hours.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}
