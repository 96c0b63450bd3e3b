import type { Environment } from '../aws/client-configuration.ts';
import { askedOnce } from './described.ts';
import { type Location, type Place, placeOf } from './location.ts';
import { type ManagedMaster, managedMaster } from './managed-master.ts';
import { type Relation, relation } from './relation.ts';

/**
 * What RDS and Aurora know about a database's place. Each method throws RdsRefused where the API says no (its message
 * names the permission or the identifier to correct), Unreachable where it does not answer or the database has no
 * endpoint yet, OutOfTime when the signal aborts. Only databases of the function's own account and Region are known.
 */
export interface Rds {
  /** Where an instance is, or a cluster's writer. One call: DescribeDBInstances or DescribeDBClusters. */
  locate(place: Place): Promise<Location>;

  /**
   * Whether a superuser's secret that names `superuserHost` may set passwords for users at `host`. It may where the
   * two are one host, where its host is the primary of the read replica at `host`, and where both are endpoints of one
   * cluster. Everything else is `different`; what the names alone can tell costs no call.
   *
   * Calls: none for equal hosts (but readers and custom endpoints, whose writer is asked for) and for names outside
   * RDS, of different clusters or of different accounts. Else one; two where neither name tells the cluster.
   */
  sameDatabase(host: string, superuserHost: string): Promise<Relation>;

  /**
   * Completes the secret in which RDS keeps a master user's password, which holds a user name and a password only, by
   * looking at the database of the user whose secret is rotated and at its primary or cluster. That needs the same
   * permission and the same call as `sameDatabase`, and no DescribeSecret for the tags that RDS puts on such a secret.
   * A place that is found this way is the one to set passwords at; there is nothing left to compare.
   *
   * @throws InvalidSecret, which speaks of the secret as "it", if it is not the one that RDS keeps for that database
   */
  completeManagedMaster(master: ManagedMaster): Promise<Location>;
}

/**
 * Made once a step: each thing is asked for at most once. Nothing is loaded or connected until something is asked for.
 * The environment is the SDK's: AWS_REGION, the credentials, AWS_ENDPOINT_URL_RDS.
 */
export function rds({ signal }: { readonly signal: AbortSignal }, environment: Environment = process.env): Rds {
  const api = askedOnce(async () => {
    const { rdsApi } = await import('./rds-api.ts');
    return rdsApi(environment, signal);
  });
  return {
    locate: (place) => placeOf(api, place),
    sameDatabase: (host, superuserHost) => relation(api, host, superuserHost),
    completeManagedMaster: (master) => managedMaster(api, master),
  };
}
