import { InvalidSecret } from '../errors.ts';
import type { Described, RdsApi } from './described.ts';
import { endpointName, proxyAdvice } from './endpoint-name.ts';
import { type Location, locationOf, type Place } from './location.ts';
import { isEndpointOf } from './relation.ts';

/** A secret in which RDS keeps a master user's password, and the database that it is looked for at. */
export interface ManagedMaster {
  /** The whole ARN, as `masterarn` has it. */
  readonly secretArn: string;
  /** The user that the secret names. */
  readonly username: string;
  /** Where the secret that is rotated says its database is. */
  readonly near: Place | { readonly host: string };
}

/**
 * RDS itself says that the secret is the one in which it keeps the master password of this database, in the function's own
 * account and Region, and whose name the master user has: so the password can be led to no other server.
 */
export async function managedMaster(api: RdsApi, { secretArn, username, near }: ManagedMaster): Promise<Location> {
  for await (const found of databasesAt(api, near)) {
    if (found.masterSecretArn !== secretArn) continue;
    if (found.masterUsername !== username) {
      throw new InvalidSecret(
        `It names ${username}, but the master user of ${found.identifier} is ${found.masterUsername ?? 'unknown'}. RDS writes that secret itself: let it rotate, then rotate this one again.`,
      );
    }
    return locationOf(found);
  }
  throw new InvalidSecret(
    `It holds no host, and is not the secret in which RDS keeps the master password of ${told(near)}. Correct masterarn, or put engine, host and port into it.`,
  );
}

/** The database itself, then the cluster that it is part of or the primary that it replicates. */
async function* databasesAt(api: RdsApi, near: ManagedMaster['near']): AsyncGenerator<Described, void> {
  if ('dbClusterIdentifier' in near) return yield await api.cluster(near.dbClusterIdentifier);
  if ('dbInstanceIdentifier' in near) return yield* instanceAndAbove(api, near.dbInstanceIdentifier);
  const name = endpointName(near.host);
  if (name.kind === 'proxy') throw new InvalidSecret(proxyAdvice(name.host));
  if (name.kind === 'elsewhere') {
    throw new InvalidSecret(
      `It holds no host, and the host ${name.host} does not tell which database of RDS it is. Put the RDS endpoint, dbInstanceIdentifier or dbClusterIdentifier into the secret that is rotated, or engine, host and port into this one.`,
    );
  }
  if (name.kind === 'instance') {
    // The name may be that of another account's database, which has nothing to do with ours of the same identifier.
    const { host } = await api.instance(name.identifier);
    if (endpointName(host ?? '').host === name.host) yield* instanceAndAbove(api, name.identifier);
    return;
  }
  const identifier = name.kind === 'custom' ? await api.clusterOfEndpoint(name.identifier) : name.identifier;
  const cluster = await api.cluster(identifier);
  if (isEndpointOf(cluster, name)) yield cluster;
}

async function* instanceAndAbove(api: RdsApi, identifier: string): AsyncGenerator<Described, void> {
  const instance = await api.instance(identifier);
  yield instance;
  const cluster = instance.cluster ?? instance.sourceCluster;
  if (cluster) yield await api.cluster(cluster);
  // A source in another Region is given by its ARN; the API of this Region does not know it.
  if (instance.sourceInstance && !instance.sourceInstance.startsWith('arn:')) {
    yield await api.instance(instance.sourceInstance);
  }
}

function told(near: ManagedMaster['near']): string {
  return Object.values(near).join();
}
