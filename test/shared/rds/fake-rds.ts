import { createServer, type ServerResponse } from 'node:http';
import { listening } from '../../../local/listening.ts';

/** What the documented answers say of an instance: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html */
export interface FakeInstance {
  readonly id: string;
  readonly address?: string;
  readonly engine?: string;
  readonly port?: number;
  readonly cluster?: string;
  readonly source?: string;
  readonly sourceCluster?: string;
  readonly secretArn?: string;
  /** `admin` unless given. */
  readonly master?: string;
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBCluster.html */
export interface FakeCluster {
  readonly id: string;
  readonly engine?: string;
  readonly port?: number;
  readonly endpoint?: string;
  readonly reader?: string;
  readonly custom?: readonly string[];
  readonly members?: readonly string[];
  readonly secretArn?: string;
  /** `admin` unless given. */
  readonly master?: string;
}

export interface FakeRds {
  readonly endpoint: string;
  /** Each call as `<operation> <identifier>`. */
  readonly calls: string[];
  /** Answers that come before the true ones. */
  readonly failures: { readonly status: number; readonly code: string; readonly message?: string }[];
  instances: readonly FakeInstance[];
  clusters: readonly FakeCluster[];
  /** Custom endpoints and the clusters they belong to. */
  endpoints: ReadonlyMap<string, string>;
  /** Leaves requests without an answer. */
  silent: boolean;
  close(): Promise<void>;
}

/** A server for the query protocol of the RDS API; knows three operations and checks no signature. */
export async function startFakeRds(): Promise<FakeRds> {
  const server = createServer(async (request, response) => {
    const form = new URLSearchParams((await request.setEncoding('utf8').toArray()).join(''));
    const operation = form.get('Action') ?? '';
    const identifier = [...form].find(([name]) => name.endsWith('Identifier'))?.[1] ?? '';
    fake.calls.push(`${operation} ${identifier}`);
    if (fake.silent) return;
    const failure = fake.failures.shift();
    if (failure) fail(response, failure.status, failure.code, failure.message);
    else answer(fake, response, operation, identifier);
  });
  const { endpoint, close } = await listening(server);
  const fake: FakeRds = {
    endpoint,
    calls: [],
    failures: [],
    instances: [],
    clusters: [],
    endpoints: new Map(),
    silent: false,
    close,
  };
  return fake;
}

/** Without an identifier the API lists everything; identifiers are not case-sensitive. */
function answer(fake: FakeRds, response: ServerResponse, operation: string, identifier: string): void {
  const asked = ({ id }: { id: string }) => identifier === '' || id === identifier.toLowerCase();
  const instances = fake.instances.filter(asked);
  const clusters = fake.clusters.filter(asked);
  const endpoints = [...fake.endpoints].filter(([id]) => asked({ id }));
  if (operation === 'DescribeDBInstances') {
    if (instances.length === 0) fail(response, 404, 'DBInstanceNotFound', `DBInstance ${identifier} not found.`);
    else send(response, operation, element('DBInstances', instances.map(instanceXml)));
  } else if (operation === 'DescribeDBClusters') {
    if (clusters.length === 0) fail(response, 404, 'DBClusterNotFoundFault', `DBCluster ${identifier} not found.`);
    else send(response, operation, element('DBClusters', clusters.map(clusterXml)));
  } else {
    send(response, operation, element('DBClusterEndpoints', endpoints.map(endpointXml)));
  }
}

function endpointXml([id, cluster]: readonly [string, string]): string {
  const members = [text('DBClusterEndpointIdentifier', id), text('DBClusterIdentifier', cluster)];
  return element('DBClusterEndpointList', members);
}

function instanceXml(instance: FakeInstance): string {
  const {
    id,
    address,
    engine = 'postgres',
    port = 5432,
    cluster,
    source,
    sourceCluster,
    secretArn,
    master = 'admin',
  } = instance;
  return element('DBInstance', [
    text('DBInstanceIdentifier', id),
    text('Engine', engine),
    text('DBInstanceStatus', address ? 'available' : 'creating'),
    text('MasterUsername', master),
    address ? element('Endpoint', [text('Address', address), text('Port', String(port))]) : '',
    text('DBClusterIdentifier', cluster),
    text('ReadReplicaSourceDBInstanceIdentifier', source),
    text('ReadReplicaSourceDBClusterIdentifier', sourceCluster),
    secretArn ? element('MasterUserSecret', [text('SecretArn', secretArn), text('SecretStatus', 'active')]) : '',
  ]);
}

function clusterXml(cluster: FakeCluster): string {
  const { id, endpoint, reader, custom = [], members = [], secretArn, master = 'admin' } = cluster;
  return element('DBCluster', [
    text('DBClusterIdentifier', id),
    text('Engine', cluster.engine ?? 'aurora-postgresql'),
    text('Status', endpoint ? 'available' : 'creating'),
    text('MasterUsername', master),
    text('Endpoint', endpoint),
    text('ReaderEndpoint', reader),
    text('Port', String(cluster.port ?? 5433)),
    element(
      'CustomEndpoints',
      custom.map((host) => text('member', host)),
    ),
    element(
      'DBClusterMembers',
      members.map((member, index) =>
        element('DBClusterMember', [
          text('DBInstanceIdentifier', member),
          text('IsClusterWriter', String(index === 0)),
        ]),
      ),
    ),
    secretArn ? element('MasterUserSecret', [text('SecretArn', secretArn), text('SecretStatus', 'active')]) : '',
  ]);
}

function send(response: ServerResponse, operation: string, result: string): void {
  const metadata = element('ResponseMetadata', [text('RequestId', 'b9c8d94d-5e36-4b4d-9a1f-1b1bb2c3d4e5')]);
  response.setHeader('content-type', 'text/xml');
  response.end(
    `<${operation}Response xmlns="http://rds.amazonaws.com/doc/2014-10-31/">${element(`${operation}Result`, [result])}${metadata}</${operation}Response>`,
  );
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/CommonErrors.html */
function fail(response: ServerResponse, status: number, code: string, message = 'It did not go.'): void {
  const error = element('Error', [
    text('Type', status < 500 ? 'Sender' : 'Receiver'),
    text('Code', code),
    text('Message', message),
  ]);
  response.writeHead(status, { 'content-type': 'text/xml' });
  response.end(
    `<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">${error}<RequestId>b9c8d94d</RequestId></ErrorResponse>`,
  );
}

function element(name: string, children: readonly string[]): string {
  return `<${name}>${children.join('')}</${name}>`;
}

function text(name: string, value: string | undefined): string {
  return value === undefined ? '' : element(name, [value]);
}
