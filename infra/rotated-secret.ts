import { RemovalPolicy, SecretValue, Tags } from 'aws-cdk-lib';
import { Alias, Key } from 'aws-cdk-lib/aws-kms';
import { CfnRotationSchedule, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Rotator } from './rotation-function.ts';
import { secretResourcePolicy } from './secret-resource-policy.ts';
import type { RotationRules } from './secrets-file/schedule.ts';
import type { FirstValue } from './secrets-file/shape.ts';

export interface RotatedSecretProps {
  readonly name: string;
  /** Shown beside the secret in the console: what it is, and what of its first value is to be edited. */
  readonly description?: string;
  /**
   * Makes the first value, once; the secret is empty without it. Leave it alone after the first deployment: CloudFormation
   * answers a change of it by writing a new value over the live one.
   */
  readonly firstValue?: FirstValue;
  /** The ARN or the alias (`alias/…`) of the KMS key; `aws/secretsmanager` unless given. */
  readonly encryptionKey?: string;
  /** By Region, the ARN of a key there, or "default". */
  readonly replicas?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  /** Roles that alone may start, cancel or relabel rotations by hand; everybody with the permission unless given. */
  readonly operators?: readonly string[];
  readonly rotatedBy?: Rotator;
  /** Needs a function. A secret without a value gets none: its first rotation could only fail. */
  readonly schedule?: { readonly rules: RotationRules; readonly immediately: boolean };
}

/**
 * One secret, with its resource policy, replicas and schedule. It outlives its stack.
 *
 * Unless the schedule says `immediately`, nothing rotates on deployment; the service only runs `testSecret` on a copy of the
 * current value. Should that fail, it is recorded as TestRotationFailed and does not fail the deployment.
 */
export class RotatedSecret extends Construct {
  readonly name: string;

  constructor(scope: Construct, id: string, props: RotatedSecretProps) {
    super(scope, id);
    this.name = props.name;
    const { rotatedBy, schedule, firstValue } = props;

    const secret = new Secret(this, 'Secret', {
      secretName: props.name,
      ...(props.description !== undefined && { description: props.description }),
      ...(firstValue ? valueProps(firstValue) : {}),
      ...(props.encryptionKey !== undefined && { encryptionKey: this.key('Key', props.encryptionKey) }),
      replicaRegions: Object.entries(props.replicas ?? {}).map(([region, key]) => ({
        region,
        ...(key !== 'default' && { encryptionKey: this.key(`Key-${region}`, key) }),
      })),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    for (const [key, value] of Object.entries(props.tags ?? {})) Tags.of(secret).add(key, value);
    secretResourcePolicy(this, secret.secretArn, props.operators, rotatedBy);

    if (!rotatedBy || !schedule) return;
    // The L2 schedule would permit the invocation without SourceAccount, and knows neither cron nor windows.
    new CfnRotationSchedule(this, 'Schedule', {
      secretId: secret.secretArn,
      rotationLambdaArn: rotatedBy.arn,
      rotateImmediatelyOnUpdate: schedule.immediately,
      rotationRules: schedule.rules,
      // The service runs testSecret as soon as the schedule exists: everything that it needs must exist before.
    }).node.addDependency(rotatedBy.ready);
  }

  private key(id: string, key: string) {
    return key.startsWith('alias/') ? Alias.fromAliasName(this, id, key) : Key.fromKeyArn(this, id, key);
  }
}

function valueProps({ json, generate }: FirstValue) {
  const template = json && JSON.stringify(json);
  if (!generate) return template === undefined ? {} : { secretStringValue: SecretValue.unsafePlainText(template) };
  return {
    generateSecretString: {
      passwordLength: generate.length,
      excludeCharacters: generate.exclude,
      ...(generate.alphanumeric && { excludePunctuation: true }),
      ...(template !== undefined && { secretStringTemplate: template }),
      ...(generate.field !== undefined && { generateStringKey: generate.field }),
    },
  };
}
