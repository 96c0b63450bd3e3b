// Reached by a dynamic import only, so that the SDK's client is loaded by those rotations that need it. The import is of
// this file and not of the package: of what is named here, a bundle keeps three operations out of more than 150.
import {
  DescribeDBClusterEndpointsCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { clientConfiguration, type Environment } from '../aws/client-configuration.ts';
import type { RdsApi } from './described.ts';
import { notFound, type Operation, rdsError } from './rds-errors.ts';

const clients = new WeakMap<Environment, RDSClient>();

/** One client, with its connections, for all steps that a process runs. */
function clientFor(environment: Environment): RDSClient {
  const client = clients.get(environment) ?? new RDSClient(clientConfiguration('RDS', environment));
  clients.set(environment, client);
  return client;
}

export function rdsApi(environment: Environment, signal: AbortSignal): RdsApi {
  const client = clientFor(environment);
  const abort = { abortSignal: signal };

  async function answered<T>(operation: Operation, identifier: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw rdsError(operation, identifier, error, signal);
    }
  }

  return {
    async instance(identifier) {
      const command = new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier });
      const { DBInstances } = await answered('DescribeDBInstances', identifier, client.send(command, abort));
      const found = DBInstances?.find(({ DBInstanceIdentifier }) => isSame(DBInstanceIdentifier, identifier));
      if (found === undefined) throw notFound('DescribeDBInstances', identifier);
      return {
        identifier: identifier.toLowerCase(),
        host: found.Endpoint?.Address,
        port: found.Endpoint?.Port,
        engine: found.Engine,
        status: found.DBInstanceStatus,
        cluster: found.DBClusterIdentifier,
        sourceInstance: found.ReadReplicaSourceDBInstanceIdentifier,
        sourceCluster: found.ReadReplicaSourceDBClusterIdentifier,
        masterUsername: found.MasterUsername,
        masterSecretArn: found.MasterUserSecret?.SecretArn,
      };
    },

    async cluster(identifier) {
      const command = new DescribeDBClustersCommand({ DBClusterIdentifier: identifier });
      const { DBClusters } = await answered('DescribeDBClusters', identifier, client.send(command, abort));
      const found = DBClusters?.find(({ DBClusterIdentifier }) => isSame(DBClusterIdentifier, identifier));
      if (found === undefined) throw notFound('DescribeDBClusters', identifier);
      return {
        identifier: identifier.toLowerCase(),
        host: found.Endpoint,
        port: found.Port,
        engine: found.Engine,
        status: found.Status,
        reader: found.ReaderEndpoint,
        customEndpoints: found.CustomEndpoints ?? [],
        members: (found.DBClusterMembers ?? []).flatMap(({ DBInstanceIdentifier }) => DBInstanceIdentifier ?? []),
        masterUsername: found.MasterUsername,
        masterSecretArn: found.MasterUserSecret?.SecretArn,
      };
    },

    async clusterOfEndpoint(identifier) {
      const command = new DescribeDBClusterEndpointsCommand({ DBClusterEndpointIdentifier: identifier });
      const answer = client.send(command, abort);
      const { DBClusterEndpoints } = await answered('DescribeDBClusterEndpoints', identifier, answer);
      const found = DBClusterEndpoints?.find((endpoint) => isSame(endpoint.DBClusterEndpointIdentifier, identifier));
      if (found?.DBClusterIdentifier === undefined) throw notFound('DescribeDBClusterEndpoints', identifier);
      return found.DBClusterIdentifier;
    },
  };
}

/** An identifier that the API took for none would be answered with a list of everything. */
function isSame(answered: string | undefined, asked: string): boolean {
  return answered?.toLowerCase() === asked.toLowerCase();
}
