import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { RdsCall } from './secrets-file/rds-calls.ts';

/** What one rotation function is allowed, in ARNs; patterns where a name or a suffix is not known yet. */
export interface RotationGrants {
  readonly functionArn: string;
  /** Its log group, with the `:*` that stands for the group's streams. */
  readonly logStreams: string;
  /** Where its secrets' names begin: `arn:…:secret:shop/prod/*`. */
  readonly secrets: string;
  readonly keys: readonly string[];
  /** The secrets of superusers or administrators, one by one, with the keys of those that have one. */
  readonly powerful: readonly PowerfulGrant[];
  /** `secretsmanager.REGION.amazonaws.com` */
  readonly secretsManagerHost: string;
  readonly rds?: { readonly calls: readonly RdsCall[] /** `arn:…:rds:REGION:ACCOUNT` */; readonly prefix: string };
  readonly iamUsers?: readonly string[];
  /** `arn:…:ec2:REGION:ACCOUNT`, and where its network interfaces may be. */
  readonly network?: {
    readonly prefix: string;
    readonly subnets: readonly string[];
    readonly securityGroups: readonly string[];
  };
}

export interface PowerfulGrant {
  readonly secretArn: string;
  readonly keyArn?: string;
}

/** The whole policy of a rotation function's role. There is no other: `infra/package.ts` writes the same statements. */
export function rotationPolicy(grants: RotationGrants): PolicyStatement[] {
  return [
    new PolicyStatement({
      sid: 'WriteOwnLog',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [grants.logStreams],
    }),
    new PolicyStatement({
      sid: 'RotateOwnSecrets',
      actions: [
        'secretsmanager:DescribeSecret',
        'secretsmanager:GetSecretValue',
        'secretsmanager:PutSecretValue',
        'secretsmanager:UpdateSecretVersionStage',
      ],
      // A list of names would outgrow the 10,240 characters of a role's policies at about 150 secrets. The condition is
      // what binds: whoever hands a secret to another rotator shuts this one out with the same call.
      // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
      resources: [grants.secrets],
      conditions: { StringEquals: { 'secretsmanager:resource/AllowRotationLambdaArn': grants.functionArn } },
    }),
    ...useKeys('UseKeysOfOwnSecrets', ['kms:Decrypt', 'kms:GenerateDataKey'], grants.keys, [grants.secrets], grants),
    ...ifAny(
      grants.powerful.map(({ secretArn }) => secretArn),
      { sid: 'ReadPowerfulSecrets', actions: ['secretsmanager:GetSecretValue'] },
    ),
    ...useOtherKeys(grants),
    ...(grants.rds ? describeDatabases(grants.rds) : []),
    // All five know the user as their resource, GetAccessKeyLastUsed too, though its request does not name one:
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage-pass-accesskeys-ssh.html
    ...ifAny(grants.iamUsers ?? [], {
      sid: 'MakeAccessKeys',
      actions: [
        'iam:CreateAccessKey',
        'iam:DeleteAccessKey',
        'iam:GetAccessKeyLastUsed',
        'iam:ListAccessKeys',
        'iam:UpdateAccessKey',
      ],
    }),
    ...(grants.network ? connectToNetwork(grants.network, grants.functionArn) : []),
  ];
}

function ifAny(resources: readonly string[], statement: { sid: string; actions: string[] }): PolicyStatement[] {
  return resources.length === 0 ? [] : [new PolicyStatement({ ...statement, resources: [...resources] })];
}

/** @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html */
function useKeys(
  sid: string,
  actions: string[],
  keys: readonly string[],
  secrets: readonly string[],
  { secretsManagerHost }: RotationGrants,
): PolicyStatement[] {
  if (keys.length === 0 || secrets.length === 0) return [];
  return [
    new PolicyStatement({
      sid,
      actions,
      resources: [...keys],
      conditions: {
        StringEquals: { 'kms:ViaService': secretsManagerHost },
        StringLike: { 'kms:EncryptionContext:SecretARN': [...secrets] },
      },
    }),
  ];
}

/** For powerful secrets that the function's own keys and names do not cover; twice the same would only fill the policy. */
function useOtherKeys(grants: RotationGrants): PolicyStatement[] {
  const { keys, secrets, powerful } = grants;
  const others = powerful.filter(
    ({ secretArn, keyArn }) =>
      keyArn !== undefined && !(keys.includes(keyArn) && secretArn.startsWith(secrets.slice(0, -1))),
  );
  const otherKeys = [...new Set(others.flatMap(({ keyArn }) => keyArn ?? []))];
  const otherSecrets = others.map(({ secretArn }) => secretArn);
  return useKeys('UseKeysOfPowerfulSecrets', ['kms:Decrypt'], otherKeys, otherSecrets, grants);
}

/**
 * From an instance, RDS leads to a primary or cluster whose name is not known before: so any of this account and Region.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
 */
function describeDatabases({ calls, prefix }: NonNullable<RotationGrants['rds']>): PolicyStatement[] {
  const resources: Readonly<Record<RdsCall, readonly string[]>> = {
    DescribeDBInstances: ['db:*'],
    DescribeDBClusters: ['cluster:*'],
    DescribeDBClusterEndpoints: ['cluster:*', 'cluster-endpoint:*'],
  };
  return calls.map(
    (call) =>
      new PolicyStatement({
        sid: call,
        actions: [`rds:${call}`],
        resources: resources[call].map((resource) => `${prefix}:${resource}`),
      }),
  );
}

/**
 * Lambda makes the network interfaces with the function's role; the function's own code may not.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
 */
function connectToNetwork(
  { prefix, subnets, securityGroups }: NonNullable<RotationGrants['network']>,
  functionArn: string,
): PolicyStatement[] {
  const create = 'ec2:CreateNetworkInterface';
  const manage = [
    'ec2:AssignPrivateIpAddresses',
    'ec2:DeleteNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:UnassignPrivateIpAddresses',
  ];
  return [
    new PolicyStatement({
      sid: 'CreateNetworkInterfaces',
      actions: [create],
      // An interface has no name before it is made; subnet and security groups are exact.
      resources: [
        `${prefix}:network-interface/*`,
        ...subnets.map((id) => `${prefix}:subnet/${id}`),
        ...securityGroups.map((id) => `${prefix}:security-group/${id}`),
      ],
    }),
    // Two of them know no resources. Of the others Lambda asks, before it takes the function, whether they are allowed on any:
    // https://github.com/hashicorp/terraform-provider-aws/issues/20698 is what happens with less.
    new PolicyStatement({ sid: 'ManageNetworkInterfaces', actions: manage, resources: ['*'] }),
    new PolicyStatement({
      sid: 'LeaveNetworkToLambda',
      effect: Effect.DENY,
      actions: [create, ...manage].toSorted(),
      resources: ['*'],
      conditions: { ArnEquals: { 'lambda:SourceFunctionArn': functionArn } },
    }),
  ];
}
