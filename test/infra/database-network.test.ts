import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { DatabaseNetwork, type DatabaseNetworkProps } from '../../infra/database-network.ts';
import { readable, resources } from './synthesized.ts';

function network(props: Partial<DatabaseNetworkProps> = {}) {
  const stack = new Stack();
  new DatabaseNetwork(stack, 'Network', {
    vpc: 'vpc-11111111',
    subnets: { 'eu-central-1a': 'subnet-11111111', 'eu-central-1b': 'subnet-22222222' },
    databases: { 'sg-11111111': 5432 },
    aws: 'endpoint',
    rds: false,
    ...props,
  });
  const template = Template.fromStack(stack);
  return (type: string) => resources(template, type).map(({ Properties }) => readable(Properties));
}

const functions = expect.stringMatching(/^<NetworkFunctions\w+\.GroupId>$/);
const endpoints = expect.stringMatching(/^<NetworkEndpoints\w+\.GroupId>$/);

describe('the network of database functions', () => {
  it('lets functions out to the databases and to the endpoint, and to nothing else', () => {
    const of = network();
    expect(of('AWS::EC2::SecurityGroupEgress')).toEqual([
      expect.objectContaining({
        GroupId: functions,
        DestinationSecurityGroupId: 'sg-11111111',
        FromPort: 5432,
        ToPort: 5432,
      }),
      expect.objectContaining({
        GroupId: functions,
        DestinationSecurityGroupId: endpoints,
        FromPort: 443,
        ToPort: 443,
      }),
    ]);
    // EC2's own rule, which lets everything out, goes with the first rule that is added, inline or not:
    // https://github.com/aws/aws-cdk/issues/987
    const [ofFunctions, ofEndpoints] = of('AWS::EC2::SecurityGroup');
    expect(ofFunctions).not.toHaveProperty('SecurityGroupEgress');
    expect(ofEndpoints).toMatchObject({ SecurityGroupEgress: [{ CidrIp: '255.255.255.255/32' }] });
    expect(JSON.stringify([ofFunctions, ofEndpoints])).not.toContain('SecurityGroupIngress');
  });

  it('lets functions in to the databases, each at its port, and to the endpoint', () => {
    expect(
      network({ databases: { 'sg-11111111': 5432, 'sg-22222222': 3306 } })('AWS::EC2::SecurityGroupIngress'),
    ).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          GroupId: 'sg-11111111',
          SourceSecurityGroupId: functions,
          FromPort: 5432,
          ToPort: 5432,
        }),
        expect.objectContaining({
          GroupId: 'sg-22222222',
          SourceSecurityGroupId: functions,
          FromPort: 3306,
          ToPort: 3306,
        }),
        expect.objectContaining({ GroupId: endpoints, SourceSecurityGroupId: functions, FromPort: 443, ToPort: 443 }),
      ]),
    );
  });

  it.each([
    ['Secrets Manager', false, ['secretsmanager']],
    ['Secrets Manager and RDS, where RDS is asked', true, ['secretsmanager', 'rds']],
  ])('makes a private endpoint for %s', (_, rds, services) => {
    expect(network({ rds })('AWS::EC2::VPCEndpoint')).toEqual(
      services.map((service) =>
        expect.objectContaining({
          ServiceName: `com.amazonaws.<Region>.${service}`,
          VpcEndpointType: 'Interface',
          PrivateDnsEnabled: true,
          SubnetIds: ['subnet-11111111', 'subnet-22222222'],
          SecurityGroupIds: [endpoints],
        }),
      ),
    );
  });

  it('makes none where the VPC has a way to AWS, and lets functions out to HTTPS', () => {
    const of = network({ aws: 'nat' });
    expect(of('AWS::EC2::VPCEndpoint')).toEqual([]);
    expect(of('AWS::EC2::SecurityGroup')).toEqual([
      expect.objectContaining({
        SecurityGroupEgress: [expect.objectContaining({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443 })],
      }),
    ]);
  });
});
