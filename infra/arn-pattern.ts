import type { Stack } from 'aws-cdk-lib';

/** An ARN, or a pattern of ARNs, of this account and Region. */
export function arnPattern(stack: Stack, service: string, resource: string): string {
  return `arn:${stack.partition}:${service}:${stack.region}:${stack.account}:${resource}`;
}

/** Secrets Manager puts a hyphen and six characters behind the name: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html */
export function secretArnPattern(stack: Stack, name: string): string {
  return arnPattern(stack, 'secretsmanager', `secret:${name}-??????`);
}

/**
 * Without the suffix, which the service finds itself: it can be written before the secret is there. What is granted on the
 * pattern above covers it, as where CDK imports a secret by its name.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
 */
export function partialSecretArn(stack: Stack, name: string): string {
  return arnPattern(stack, 'secretsmanager', `secret:${name}`);
}
