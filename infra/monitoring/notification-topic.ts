import { Stack } from 'aws-cdk-lib';
import type { AlarmBase } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

export interface NotificationTopicProps {
  /** Who is told by mail; each has to confirm the subscription once. Other subscriptions can be added to `topic`. */
  readonly emails?: readonly string[];
}

/**
 * An encrypted topic that this account's alarms may publish to.
 *
 * The key is its own: neither CloudWatch nor EventBridge may use `alias/aws/sns`, whose policy nobody can change.
 *
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
 */
export class NotificationTopic extends Construct {
  readonly key: Key;
  readonly topic: Topic;

  constructor(scope: Construct, id: string, { emails = [] }: NotificationTopicProps = {}) {
    super(scope, id);
    this.key = new Key(this, 'Key', { description: 'Notifications about secret rotations', enableKeyRotation: true });
    this.topic = new Topic(this, 'Topic', {
      displayName: 'Secret rotation',
      masterKey: this.key,
      enforceSSL: true,
    });
    for (const email of emails) this.topic.addSubscription(new EmailSubscription(email));

    const alarms = {
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
    };
    this.key.addToResourcePolicy(
      // In a key's policy `*` is the key itself.
      new PolicyStatement({ ...alarms, actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: ['*'] }),
    );
    this.topic.addToResourcePolicy(
      new PolicyStatement({ ...alarms, actions: ['sns:Publish'], resources: [this.topic.topicArn] }),
    );
  }

  /** Tells when an alarm goes off, and when it is over. */
  notifyOf(alarm: AlarmBase): void {
    const publish = new SnsAction(this.topic);
    alarm.addAlarmAction(publish);
    alarm.addOkAction(publish);
  }
}
