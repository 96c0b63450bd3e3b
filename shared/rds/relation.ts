import type { Cluster, RdsApi } from './described.ts';
import { endpointName, type RdsName } from './endpoint-name.ts';
import { locationOf } from './location.ts';

/** How the host in a superuser's secret stands to the host in the secret that is rotated. */
export type Relation =
  /** Connect the superuser to `writer`, at the port of its own secret: all endpoints of a cluster have one port. */
  | { readonly kind: 'same'; readonly writer: string }
  | { readonly kind: 'different' }
  /** One of them is an RDS Proxy: `proxyAdvice(host)` says what to do. */
  | { readonly kind: 'proxy'; readonly host: string };

const DIFFERENT: Relation = { kind: 'different' };

export async function relation(api: RdsApi, host: string, superuserHost: string): Promise<Relation> {
  const user = endpointName(host);
  const superuser = endpointName(superuserHost);
  for (const name of [user, superuser]) if (name.kind === 'proxy') return { kind: 'proxy', host: name.host };
  const equal = user.host === superuser.host;
  // Behind these two names are several instances, of which the writer need not be one.
  if (equal && user.kind !== 'reader' && user.kind !== 'custom') return { kind: 'same', writer: superuser.host };
  if (user.kind === 'elsewhere' || superuser.kind === 'elsewhere') return DIFFERENT;
  if (user.domain !== superuser.domain) return DIFFERENT;
  if (clusterIn(user) && clusterIn(superuser) && clusterIn(user) !== clusterIn(superuser)) return DIFFERENT;
  if (!equal && user.kind === 'instance' && superuser.kind === 'instance') {
    const { host: address, sourceInstance } = await api.instance(user.identifier);
    if (endpointName(address ?? '').host !== user.host) return DIFFERENT;
    if (sourceInstance === superuser.identifier) return { kind: 'same', writer: superuser.host };
  }
  const cluster = await clusterOf(api, user, superuser);
  if (!cluster || !isEndpointOf(cluster, superuser)) return DIFFERENT;
  if (!isEndpointOf(cluster, user) && !(await isReplicaOf(api, cluster, user))) return DIFFERENT;
  return { kind: 'same', writer: locationOf(cluster).host };
}

/** Whether the API says that the cluster answers at this very name. */
export function isEndpointOf(cluster: Cluster, name: RdsName): boolean {
  const writer = endpointName(cluster.host ?? '');
  if (writer.kind === 'elsewhere' || writer.domain !== name.domain) return false;
  switch (name.kind) {
    case 'writer':
      return writer.host === name.host;
    case 'reader':
      return endpointName(cluster.reader ?? '').host === name.host;
    case 'custom':
      // Names of custom endpoints are unique in a domain; the API does not say whether it lists them or whole hosts.
      return cluster.customEndpoints.some((listed) => [name.host, name.identifier].includes(endpointName(listed).host));
    case 'instance':
      return cluster.members.some((member) => member.toLowerCase() === name.identifier);
    case 'proxy':
      return false;
  }
}

/** The cluster that a name tells by itself. */
function clusterIn(name: RdsName): string | undefined {
  return name.kind === 'writer' || name.kind === 'reader' ? name.identifier : undefined;
}

/** The cluster that both names are to be endpoints of, found with as few calls as the names allow. */
async function clusterOf(api: RdsApi, user: RdsName, superuser: RdsName): Promise<Cluster | undefined> {
  const told = clusterIn(superuser) ?? clusterIn(user);
  if (told) return await api.cluster(told);
  // An instance that replicates a cluster is no member of it: the superuser's host has to tell which cluster is meant.
  const instance = [user, superuser].find(({ kind }) => kind === 'instance');
  if (!instance) return await api.cluster(await api.clusterOfEndpoint(superuser.identifier));
  const { cluster } = await api.instance(instance.identifier);
  return cluster === undefined ? undefined : await api.cluster(cluster);
}

/** An instance outside of the cluster that replicates it. */
async function isReplicaOf(api: RdsApi, cluster: Cluster, name: RdsName): Promise<boolean> {
  if (name.kind !== 'instance') return false;
  const { host, sourceCluster } = await api.instance(name.identifier);
  return endpointName(host ?? '').host === name.host && sourceCluster?.toLowerCase() === cluster.identifier;
}
