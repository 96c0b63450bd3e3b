import { PolicyDocument, type PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { kindOf } from '../kinds.ts';
import { overduePolicy } from '../monitoring/overdue-check.ts';
import { rotationPolicy } from '../rotation-policy.ts';

/** Filled in by whoever deploys: Terraform's `templatefile`, or anything that replaces text. */
export const PLACEHOLDERS = [
  'partition',
  'region',
  'account_id',
  'function_name',
  'secret_name_prefix',
  'key_arn',
  'powerful_secret_arn',
  'powerful_key_arn',
  'iam_user_arn',
  'subnet_id',
  'security_group_id',
] as const;

const fill = (name: (typeof PLACEHOLDERS)[number]) => `\${${name}}`;
const arn = (service: string, resource: string) =>
  `arn:${fill('partition')}:${service}:${fill('region')}:${fill('account_id')}:${resource}`;
const logStreams = arn('logs', `log-group:/aws/lambda/${fill('function_name')}:*`);

/** A policy as IAM takes it, but for the placeholders. */
export type PlaceholderPolicy = Readonly<Record<string, unknown>>;

/**
 * The most that a function of this kind may need, in the very statements that the CDK app deploys. Each statement's `Sid`
 * says what it is for; what a deployment has no use for is left out by it.
 *
 * @throws if the kind is not in the table of kinds
 */
export function rotationFunctionPolicy(kind: string): PlaceholderPolicy {
  const known = kindOf(kind);
  if (known === undefined) {
    throw new Error(`Nothing is known of functions/${kind}: add its line to infra/kinds.ts.`);
  }
  const { powerful, database, iamUsers } = known;
  return document(
    rotationPolicy({
      functionArn: arn('lambda', `function:${fill('function_name')}`),
      logStreams,
      secrets: arn('secretsmanager', `secret:${fill('secret_name_prefix')}*`),
      keys: [fill('key_arn')],
      powerful: powerful ? [{ secretArn: fill('powerful_secret_arn'), keyArn: fill('powerful_key_arn') }] : [],
      secretsManagerHost: `secretsmanager.${fill('region')}.amazonaws.com`,
      ...(iamUsers && { iamUsers: [fill('iam_user_arn')] }),
      ...(database && {
        rds: {
          calls: ['DescribeDBInstances', 'DescribeDBClusters', 'DescribeDBClusterEndpoints'],
          prefix: arn('rds', '').slice(0, -1),
        },
        network: {
          prefix: arn('ec2', '').slice(0, -1),
          subnets: [fill('subnet_id')],
          securityGroups: [fill('security_group_id')],
        },
      }),
    }),
  );
}

export function overdueCheckPolicy(): PlaceholderPolicy {
  return document(overduePolicy(logStreams));
}

function document(statements: PolicyStatement[]): PlaceholderPolicy {
  return new PolicyDocument({ statements }).toJSON();
}
