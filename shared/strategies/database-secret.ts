import { X509Certificate } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { DatabaseLogin, Engine, Limits, Tls } from '../engines/engine.ts';
import { InvalidSecret } from '../errors.ts';
import { proxyAdvice } from '../rds/endpoint-name.ts';
import type { Place } from '../rds/location.ts';
import { JsonSecret } from '../secrets/json-secret.ts';
import type { SecretValue } from '../secrets/secret-value.ts';
import { Sensitive } from '../secrets/sensitive.ts';
import { nameFits } from './database-limits.ts';

/** What a login has besides the place of its database. */
export type Credential = Omit<DatabaseLogin, 'host' | 'port'>;

/** A login as a secret has it: in the place of a host there may be an instance or a cluster, and RDS knows its host. */
export interface StoredLogin extends Credential {
  readonly place: { readonly host: string; readonly port: number } | Place;
}

/** A secret that holds a database login, in the shape of the AWS-provided rotation templates. */
export interface DatabaseSecret<Login = DatabaseLogin> {
  readonly login: Login;
  readonly limits: Limits;
  /** The whole secret, to write back with its unknown fields. */
  readonly json: JsonSecret;
}

/**
 * Reads `engine`, `username`, `password`, and `port`, `dbname` and `ssl` if they are there; and `host`, or where that is
 * missing `dbClusterIdentifier` or `dbInstanceIdentifier`.
 * Shape: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
 *
 * @throws InvalidSecret that names the field; user names, hosts and the like are checked for what could change their
 *   meaning on the way to the server
 */
export function parseDatabaseSecret(value: SecretValue, engine: Engine): DatabaseSecret<StoredLogin> {
  const json = JsonSecret.parse(value);
  const fields = json.fields();
  requireEngine(fields.get('engine'), engine);
  const credential = credentialIn(fields, engine);
  const limits = limitsOf(fields, engine, credential.tls);
  const rds = fields.has('host') ? undefined : rdsPlace(json);
  const place = rds ?? { host: host(text(fields, 'host')), port: port(fields.get('port'), engine) };
  return { json, limits, login: { ...credential, place } };
}

/** Of a secret that names no place, as those are in which RDS keeps master users' passwords. @throws InvalidSecret */
export function parseCredential(json: JsonSecret, engine: Engine): Credential {
  return credentialIn(json.fields(), engine);
}

/** The instance or cluster that the secret names, whether or not it has a host too. */
export function rdsPlace(json: JsonSecret): Place | undefined {
  const fields = json.fields();
  // An instance of a cluster need not be the one that takes changes; the cluster's writer is.
  if (fields.has('dbClusterIdentifier')) return { dbClusterIdentifier: text(fields, 'dbClusterIdentifier') };
  if (fields.has('dbInstanceIdentifier')) return { dbInstanceIdentifier: text(fields, 'dbInstanceIdentifier') };
  return undefined;
}

/** Whether two logins are the same user at the same database: then a password of the one may be tried for the other. */
export function isSameUser(one: StoredLogin, other: StoredLogin): boolean {
  return one.username === other.username && isDeepStrictEqual(one.place, other.place);
}

type Fields = ReadonlyMap<string, unknown>;

function credentialIn(fields: Fields, engine: Engine): Credential {
  const username = text(fields, 'username');
  const transport = tls(fields.get('ssl'));
  const limits = limitsOf(fields, engine, transport);
  if (!nameFits(username, limits)) {
    const { most, of } = limits.userName;
    throw new InvalidSecret(
      `Field "username" is longer than the ${most} ${of} that ${engine.name} keeps apart.${limits.otherwise}`,
    );
  }
  return {
    database: fields.has('dbname') ? text(fields, 'dbname') : engine.defaultDatabase,
    username,
    password: new Sensitive(text(fields, 'password')),
    tls: transport,
  };
}

function limitsOf(fields: Fields, engine: Engine, transport: Tls): Limits {
  const name = fields.get('engine');
  return engine.limits(typeof name === 'string' ? name.toLowerCase() : '', transport);
}

function requireEngine(value: unknown, engine: Engine): void {
  if (typeof value === 'string' && engine.engineNames.includes(value.toLowerCase())) return;
  throw new InvalidSecret(
    `Field "engine" must be one of ${engine.engineNames.join(', ')} for this function; ${value === undefined ? 'it is missing' : 'it is something else'}. Correct it, or choose the function for that engine.`,
  );
}

function text(fields: Fields, name: string): string {
  const value = fields.get(name);
  if (typeof value !== 'string' || value === '') {
    throw new InvalidSecret(`Field "${name}" must be a string that is not empty. Correct it in the secret's JSON.`);
  }
  if (value.includes('\0') || !value.isWellFormed()) {
    throw new InvalidSecret(
      `Field "${name}" holds a NUL or half of a character, which no database can take. Correct it in the secret's JSON.`,
    );
  }
  return value;
}

/** Letters of any script, as international host names have them; no slash, which would name a local socket. */
const HOST_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}\p{M}._-]{0,252}$/u;

function host(value: string): string {
  if (!HOST_NAME.test(value) && !isIPv6(value)) {
    throw new InvalidSecret('Field "host" must be one host name or IP address. Correct it in the secret\'s JSON.');
  }
  const advice = proxyAdvice(value);
  if (advice !== undefined) throw new InvalidSecret(`Field "host": ${advice}`);
  return value.toLowerCase();
}

function port(value: unknown, engine: Engine): number {
  if (value === undefined) return engine.defaultPort;
  const number = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 1 && number <= 65_535) return number;
  throw new InvalidSecret(
    `Field "port" must be a whole number from 1 to 65535, or left out for ${engine.defaultPort}. Correct it in the secret's JSON.`,
  );
}

function tls(value: unknown): Tls {
  const word = typeof value === 'string' ? value.toLowerCase() : value;
  if (word === undefined || word === true || word === 'true') return 'verified';
  if (word === false || word === 'false') return 'off';
  const authorities = typeof word === 'object' && word !== null && 'ca' in word ? word.ca : undefined;
  if (typeof authorities === 'string' && isCertificate(authorities)) return { authorities };
  throw new InvalidSecret(
    'Field "ssl" must be true or false, left out for true, or {"ca": "…"} with the certificate of the server\'s authority in PEM. Correct it in the secret\'s JSON.',
  );
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    return false;
  }
}
