import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { ISecurityGroup, ISubnet, IVpc } from 'aws-cdk-lib/aws-ec2';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, CfnPermission, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct, type IDependable } from 'constructs';
import { arnPattern } from './arn-pattern.ts';
import { bundleOf } from './bundle.ts';
import { type PowerfulGrant, type RotationGrants, rotationPolicy } from './rotation-policy.ts';

export interface RotationFunctionProps {
  /** The name of the function and of its role; fixed, so that secrets of other stacks can name both. At most 64 characters. */
  readonly name: string;
  /** The folder that `npm run build` wrote for one function, with `index.mjs` in it; relative to the working directory. */
  readonly bundle: string;
  /** Defaults and floors of the function's settings. Readable by anyone who may describe the function: no secrets. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What the names of its secrets begin with; any secret that names this function as its rotator unless given. */
  readonly namePrefix?: string;
  /** The ARNs of the KMS keys of its secrets; none are needed for the key `aws/secretsmanager`. */
  readonly keys?: readonly string[];
  /** The secrets of superusers or administrators, with the KMS keys of those that have one. */
  readonly powerful?: readonly PowerfulGrant[];
  /** What it asks the RDS API. */
  readonly rdsCalls?: NonNullable<RotationGrants['rds']>['calls'];
  /** The ARNs of IAM users whose access keys it makes. */
  readonly iamUsers?: readonly string[];
  /** Where the databases are; the function runs outside of any VPC unless given. */
  readonly network?: RotationNetwork;
  /** How many copies may run at once. */
  readonly reservedConcurrency?: number;
  /** How long one step may take; 30 unless given. */
  readonly timeoutSeconds?: number;
}

export interface RotationNetwork {
  readonly vpc: IVpc;
  readonly subnets: ISubnet[];
  readonly securityGroup: ISecurityGroup;
}

/** What a `RotatedSecret` has to know of the function that rotates it; both ARNs can be written in any stack. */
export interface Rotator {
  readonly arn: string;
  readonly roleArn: string;
  /** The function, with all that it may do: what a schedule has to wait for. */
  readonly ready: IDependable;
}

/** One deployed rotation function, with its role and Secrets Manager's permission to invoke it, for any number of secrets. */
export class RotationFunction extends Construct implements Rotator {
  readonly name: string;
  readonly arn: string;
  readonly roleArn: string;
  readonly logGroupName: string;
  /** How long one step may take. */
  readonly timeout: Duration;
  readonly ready: IDependable;

  constructor(scope: Construct, id: string, props: RotationFunctionProps) {
    super(scope, id);
    const stack = Stack.of(this);
    this.name = props.name;
    this.timeout = Duration.seconds(props.timeoutSeconds ?? 30);
    // Written out rather than referred to: the role's policy names the function, which waits for its role.
    this.arn = stack.formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: this.name,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    this.roleArn = stack.formatArn({ service: 'iam', region: '', resource: 'role', resourceName: this.name });
    this.logGroupName = `/aws/lambda/${this.name}`;

    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: this.logGroupName,
      // Long enough to hold the last rotations of a monthly secret next to each other.
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    const { network } = props;
    const role = new Role(this, 'Role', {
      roleName: this.name,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: {
        Rotation: new PolicyDocument({ statements: rotationPolicy(this.grants(props, logGroup.logGroupArn)) }),
      },
    });
    const lambda = new LambdaFunction(this, 'Function', {
      functionName: this.name,
      code: bundleOf(props.bundle),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      timeout: this.timeout,
      memorySize: 256,
      role,
      logGroup,
      ...(network && {
        vpc: network.vpc,
        vpcSubnets: { subnets: network.subnets },
        securityGroups: [network.securityGroup],
      }),
      ...(props.environment && { environment: { ...props.environment } }),
      ...(props.reservedConcurrency !== undefined && { reservedConcurrentExecutions: props.reservedConcurrency }),
    });
    this.ready = new CfnPermission(this, 'InvokedBySecretsManager', {
      action: 'lambda:InvokeFunction',
      functionName: lambda.functionArn,
      principal: 'secretsmanager.amazonaws.com',
      // Without it, a secret of a stranger's account could name this function as its rotator.
      sourceAccount: stack.account,
    });
  }

  private grants(props: RotationFunctionProps, logStreams: string): RotationGrants {
    const stack = Stack.of(this);
    const prefix = (service: string) => arnPattern(stack, service, '').slice(0, -1);
    const { network } = props;
    return {
      functionArn: this.arn,
      logStreams,
      secrets: arnPattern(stack, 'secretsmanager', `secret:${props.namePrefix ?? ''}*`),
      keys: props.keys ?? [],
      powerful: props.powerful ?? [],
      secretsManagerHost: `secretsmanager.${stack.region}.amazonaws.com`,
      ...(props.rdsCalls?.length && { rds: { calls: props.rdsCalls, prefix: prefix('rds') } }),
      ...(props.iamUsers && { iamUsers: props.iamUsers }),
      ...(network && {
        network: {
          prefix: prefix('ec2'),
          subnets: network.subnets.map(({ subnetId }) => subnetId),
          securityGroups: [network.securityGroup.securityGroupId],
        },
      }),
    };
  }
}
