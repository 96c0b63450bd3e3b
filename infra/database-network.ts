import {
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  type ISubnet,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  Subnet,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { RotationNetwork } from './rotation-function.ts';

export interface DatabaseNetworkProps {
  readonly vpc: string;
  /** Private subnets, by availability zone. */
  readonly subnets: Readonly<Record<string, string>>;
  /** The databases' security groups, each with the port that is opened to the functions. */
  readonly databases: Readonly<Record<string, number>>;
  /**
   * How functions reach Secrets Manager: through an interface endpoint that is made here, or through what the VPC has (NAT,
   * or an endpoint of its own).
   */
  readonly aws: 'endpoint' | 'nat';
  /** Whether they ask the RDS API as well. */
  readonly rds: boolean;
}

/** Where rotation functions meet databases. The VPC is there already; it is named, not looked up. */
export class DatabaseNetwork extends Construct implements RotationNetwork {
  readonly vpc: IVpc;
  readonly subnets: ISubnet[];
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, props: DatabaseNetworkProps) {
    super(scope, id);
    this.vpc = Vpc.fromVpcAttributes(this, 'Vpc', {
      vpcId: props.vpc,
      availabilityZones: Object.keys(props.subnets),
      privateSubnetIds: Object.values(props.subnets),
    });
    this.subnets = Object.entries(props.subnets).map(([availabilityZone, subnetId]) =>
      Subnet.fromSubnetAttributes(this, subnetId, { subnetId, availabilityZone }),
    );
    this.securityGroup = this.group('Functions', 'Rotation functions: to databases and AWS only');
    for (const [groupId, port] of Object.entries(props.databases)) {
      const database = SecurityGroup.fromSecurityGroupId(this, groupId, groupId);
      this.securityGroup.connections.allowTo(database, Port.tcp(port), 'Rotates the passwords of this database');
    }
    if (props.aws === 'nat') {
      this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.HTTPS, 'AWS has no fixed addresses');
      return;
    }
    const endpoints = this.group('Endpoints', 'Interface endpoints: from rotation functions only');
    this.securityGroup.connections.allowTo(endpoints, Port.HTTPS, 'Secrets Manager and RDS');
    this.endpoint('SecretsManager', InterfaceVpcEndpointAwsService.SECRETS_MANAGER, endpoints);
    if (props.rds) this.endpoint('Rds', InterfaceVpcEndpointAwsService.RDS, endpoints);
  }

  private group(id: string, description: string): SecurityGroup {
    return new SecurityGroup(this, id, { vpc: this.vpc, description, allowAllOutbound: false });
  }

  private endpoint(id: string, service: InterfaceVpcEndpointAwsService, group: SecurityGroup): void {
    new InterfaceVpcEndpoint(this, id, {
      vpc: this.vpc,
      service,
      subnets: { subnets: this.subnets },
      securityGroups: [group],
      open: false,
    });
  }
}
