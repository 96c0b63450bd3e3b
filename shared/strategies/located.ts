import type { DatabaseLogin, Engine } from '../engines/engine.ts';
import { InvalidSecret } from '../errors.ts';
import { endpointName } from '../rds/endpoint-name.ts';
import type { Location, Place } from '../rds/location.ts';
import { type Rds, rds } from '../rds/rds.ts';
import type { Context } from '../rotation/strategy.ts';
import { type DatabaseSecret, rdsPlace, type StoredLogin } from './database-secret.ts';

const asked = new WeakMap<Context, Rds>();

/** One for each step, so that RDS is asked for a thing at most once; nothing is loaded before it is asked for. */
export function rdsOf(context: Context): Rds {
  const known = asked.get(context) ?? rds(context.deadline, context.environment);
  asked.set(context, known);
  return known;
}

/**
 * The secret with the host and port of its database. RDS is asked only where the secret names an instance or a cluster
 * and no host.
 *
 * That proves nothing: whoever may write the secret says where its own password goes. A superuser's goes only where its own
 * secret says, and changes something only if that is the same database (`readSuperuser`).
 *
 * @throws InvalidSecret if that runs another engine; RdsRefused or Unreachable if RDS does not tell
 */
export async function located(
  secret: DatabaseSecret<StoredLogin>,
  engine: Engine,
  context: Context,
): Promise<DatabaseSecret> {
  const { place, ...credential } = secret.login;
  const found: Pick<DatabaseLogin, 'host' | 'port'> =
    'host' in place ? place : endpointFor(engine, await rdsOf(context).locate(place));
  return { ...secret, login: { ...credential, host: found.host, port: found.port } };
}

/** @throws InvalidSecret if another engine runs there */
export function endpointFor(engine: Engine, location: Location): Pick<DatabaseLogin, 'host' | 'port'> {
  if (engine.engineNames.includes(location.engine)) return { host: location.host, port: location.port };
  throw new InvalidSecret(
    `RDS runs ${location.engine} at ${location.host}, and this function is for ${engine.name}. Correct the secret, or choose the function for that engine.`,
  );
}

/** How RDS is asked for the database of a secret: by its host if that is a name of RDS, else by what the secret names. */
export function nearestPlace({ login: { host }, json }: DatabaseSecret): Place | { readonly host: string } {
  return (endpointName(host).kind === 'elsewhere' && rdsPlace(json)) || { host };
}
