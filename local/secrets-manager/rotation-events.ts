import { randomUUID } from 'node:crypto';
import type { Invocation } from '../invocation.ts';

/** The steps in the order of the protocol, spelled as in the events that functions receive. */
export const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
export type Step = (typeof steps)[number];

export type ServiceEventName =
  | 'RotationStarted'
  | 'RotationSucceeded'
  | 'RotationFailed'
  | 'RotationAbandoned'
  | 'TestRotationStarted'
  | 'TestRotationSucceeded'
  | 'TestRotationFailed';

/**
 * What EventBridge delivers about a rotation.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html
 */
export type ServiceEvent = {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': 'AWS Service Event via CloudTrail';
  readonly source: 'aws.secretsmanager';
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: {
    readonly eventVersion: string;
    readonly userIdentity: { readonly accountId: string; readonly invokedBy: string };
    readonly eventTime: string;
    readonly eventSource: 'secretsmanager.amazonaws.com';
    readonly eventName: ServiceEventName;
    readonly awsRegion: string;
    readonly sourceIPAddress: string;
    readonly userAgent: string;
    readonly errorMessage?: string;
    readonly requestParameters: null;
    readonly responseElements: null;
    readonly additionalEventData: { readonly SecretId: string };
    readonly eventID: string;
    readonly readOnly: false;
    readonly eventType: 'AwsServiceEvent';
    readonly recipientAccountId: string;
  };
};

/** One rotation, as far as anybody who watches needs to tell it from others. `versionId` is its ClientRequestToken. */
export type RotationIdentity = {
  readonly secretArn: string;
  readonly secretName: string;
  readonly versionId: string;
  readonly functionArn: string;
  readonly testOnly: boolean;
};

/** `cancelled` (CancelRotateSecret, a deleted secret, a closed server) is not an event of the service. */
export type RotationResult = RotationIdentity & {
  readonly attempts: number;
  readonly outcome: 'succeeded' | 'failed' | 'abandoned' | 'cancelled';
  /** Where the last attempt failed, and what is to be said about it beyond the service's own message. */
  readonly failure?: { readonly step: Step; readonly reason: string };
};

/**
 * Everything that happens in a rotation, for a person to watch. The service itself tells only the `event`s; `attempt`
 * counts from 1. Log lines and errors are the function's own, unredacted.
 */
export type RotationProgress =
  | { readonly kind: 'event'; readonly rotation: RotationIdentity; readonly event: ServiceEvent }
  | {
      readonly kind: 'step-started';
      readonly rotation: RotationIdentity;
      readonly step: Step;
      readonly attempt: number;
    }
  | {
      readonly kind: 'step-ended';
      readonly rotation: RotationIdentity;
      readonly step: Step;
      readonly attempt: number;
      readonly invocation: Invocation;
    }
  | {
      readonly kind: 'retrying';
      readonly rotation: RotationIdentity;
      readonly attempt: number;
      readonly delayMs: number;
    }
  | { readonly kind: 'ended'; readonly rotation: RotationIdentity; readonly result: RotationResult };

export type EventOrigin = { readonly region: string; readonly accountId: string };

export function serviceEvent(
  eventName: ServiceEventName,
  secretArn: string,
  time: Date,
  origin: EventOrigin,
  errorMessage?: string,
): ServiceEvent {
  const service = 'secretsmanager.amazonaws.com';
  // CloudTrail and EventBridge both write whole seconds.
  const eventTime = time.toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'AWS Service Event via CloudTrail',
    source: 'aws.secretsmanager',
    account: origin.accountId,
    time: eventTime,
    region: origin.region,
    resources: [],
    detail: {
      eventVersion: '1.08',
      userIdentity: { accountId: origin.accountId, invokedBy: service },
      eventTime,
      eventSource: service,
      eventName,
      awsRegion: origin.region,
      sourceIPAddress: service,
      userAgent: service,
      ...(errorMessage !== undefined && { errorMessage }),
      requestParameters: null,
      responseElements: null,
      additionalEventData: { SecretId: secretArn },
      eventID: randomUUID(),
      readOnly: false,
      eventType: 'AwsServiceEvent',
      recipientAccountId: origin.accountId,
    },
  };
}
