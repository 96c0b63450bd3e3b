import { CfnOutput, type Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { partialSecretArn } from './arn-pattern.ts';
import type { RotatedSecretProps } from './rotated-secret.ts';
import type { Rotator } from './rotation-function.ts';
import type { DeclaredEnvironment, DeclaredSecret, PowerfulSecret } from './secrets-file/declaration.ts';
import type { FirstValue } from './secrets-file/shape.ts';

/** `environmentKey` is the alias or the ARN of the key of secrets that name none. */
export function secretProps(
  { operators }: DeclaredEnvironment,
  secret: DeclaredSecret,
  environmentKey: string,
  rotatedBy: Rotator | undefined,
  stack: Stack,
): RotatedSecretProps {
  const { name, description, shape, powerful, keyArn, replicas, tags, rotation } = secret;
  return {
    name,
    ...(description !== undefined && { description }),
    ...(shape !== 'empty' && { firstValue: withMasterArn(shape, powerful, stack) }),
    encryptionKey: keyArn ?? environmentKey,
    replicas,
    tags,
    ...(operators && { operators }),
    ...(rotatedBy && { rotatedBy }),
    ...(rotation && { schedule: rotation }),
  };
}

function withMasterArn(shape: FirstValue, powerful: PowerfulSecret | undefined, stack: Stack): FirstValue {
  if (!powerful || !shape.json) return shape;
  const masterarn = 'arn' in powerful ? powerful.arn : partialSecretArn(stack, powerful.name);
  return { ...shape, json: { ...shape.json, masterarn } };
}

/** Says, when the stack is deployed, what a secret without a value waits for. */
export function sayWhatItAwaits(scope: Construct, { name, kind, awaitsValue }: DeclaredSecret): void {
  if (!awaitsValue) return;
  const then =
    kind === undefined ? '' : ', then say "filled: true" in the file of secrets, which gives it its schedule';
  new CfnOutput(scope, 'AwaitsItsValue', {
    description: `${name} has no value yet, and no schedule: store one${then}`.slice(0, 1024),
    value: `aws secretsmanager put-secret-value --secret-id ${name} --secret-string file://value`,
  });
}
