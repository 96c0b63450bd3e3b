import { Unreachable } from '../errors.ts';
import type { Described, RdsApi } from './described.ts';

/** An instance, or a cluster, by the names that a secret gives. */
export type Place = { readonly dbInstanceIdentifier: string } | { readonly dbClusterIdentifier: string };

export interface Location {
  /** In lower case. */
  readonly host: string;
  readonly port: number;
  /** As RDS names it, such as `mysql` or `aurora-postgresql`. */
  readonly engine: string;
}

export async function placeOf(api: RdsApi, place: Place): Promise<Location> {
  if ('dbInstanceIdentifier' in place) return locationOf(await api.instance(place.dbInstanceIdentifier));
  return locationOf(await api.cluster(place.dbClusterIdentifier));
}

/** @throws Unreachable while there is no endpoint, as during creation */
export function locationOf({ identifier, host, port, engine, status }: Described): Location {
  if (!host || port === undefined || !engine) {
    throw new Unreachable(
      `RDS knows ${identifier}, but no endpoint of it yet (status: ${status ?? 'unknown'}). Rotate again when it is available.`,
    );
  }
  return { host: host.toLowerCase(), port, engine };
}
