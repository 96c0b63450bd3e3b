import { RemovalPolicy } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

/** The key of an environment's secrets. Without it no secret can be read again, so that it outlives its stack. */
export class EncryptionKey extends Construct {
  readonly arn: string;
  /** As secrets name it, in any stack. */
  readonly alias: string;

  constructor(scope: Construct, id: string, name: string) {
    super(scope, id);
    this.alias = `alias/${name}`;
    this.arn = new Key(this, 'Key', {
      alias: this.alias,
      description: `Encrypts the secrets of ${name}`,
      enableKeyRotation: true, // every year
      removalPolicy: RemovalPolicy.RETAIN,
    }).keyArn;
  }
}
