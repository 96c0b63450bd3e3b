import { DatabaseRefused } from '../errors.ts';
import type { UserPair } from './alternating-engine.ts';
import { type PostgresConnection, VERIFIER_SETTINGS } from './postgres-connection.ts';

/** One `ALTER ROLE … SET`, for all databases or for one. */
export interface RoleSetting {
  readonly database: string | undefined;
  readonly name: string;
  readonly value: string;
}

export interface RoleFacts {
  readonly exists: boolean;
  /** Superuser, CREATEROLE, CREATEDB, REPLICATION or BYPASSRLS. */
  readonly elevated: boolean;
  readonly connectionLimit: number;
  /** As the server writes it; `undefined` for no end. */
  readonly validUntil: string | undefined;
  /** The roles that it is a direct member of. */
  readonly memberOf: readonly string[];
  /** The databases that hold objects of it; an empty name stands for objects outside of databases. */
  readonly ownsIn: readonly string[];
  readonly settings: readonly RoleSetting[];
}

export interface PairFacts {
  readonly first: RoleFacts;
  readonly clone: RoleFacts;
  /** 160004 is 16.4. */
  readonly serverVersion: number;
  /** What `verifierFor` takes. */
  readonly verifierSettings: unknown;
}

/** All that has to be known before a superuser changes anything, in one statement. */
export async function readPairFacts(connection: PostgresConnection, pair: UserPair): Promise<PairFacts> {
  const rows =
    await connection.ask(`SET ROLE NONE; SET default_transaction_read_only = off; SET search_path = pg_catalog;
    SELECT wanted.name, role.oid IS NOT NULL AS "exists",
      coalesce(rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls, false) AS elevated,
      coalesce(rolconnlimit, -1) AS connection_limit,
      CASE WHEN rolvaliduntil <> 'infinity' THEN rolvaliduntil::text END AS valid_until,
      ARRAY(SELECT DISTINCT pg_get_userbyid(roleid)::text FROM pg_auth_members WHERE member = role.oid) AS member_of,
      ARRAY(SELECT DISTINCT coalesce(datname::text, '') FROM pg_shdepend LEFT JOIN pg_database d ON d.oid = dbid
        WHERE refclassid = 'pg_authid'::regclass AND refobjid = role.oid AND deptype = 'o') AS owns_in,
      (SELECT coalesce(json_agg(json_build_object('database', datname, 'setting', setting)), '[]')
        FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = setdatabase, unnest(setconfig) AS setting
        WHERE setrole = role.oid) AS settings,
      current_setting('server_version_num')::int AS server_version, ${VERIFIER_SETTINGS}
    FROM (VALUES (1, ${connection.literal(pair.first)}), (2, ${connection.literal(pair.clone)})) AS wanted (place, name)
    LEFT JOIN pg_roles role ON role.rolname = wanted.name ORDER BY place`);
  const [first, clone] = rows.map(fieldsOf);
  if (first === undefined || clone === undefined)
    throw new DatabaseRefused('PostgreSQL did not tell what it knows of two roles.');
  return {
    first: roleFacts(first),
    clone: roleFacts(clone),
    serverVersion: Number(first.get('server_version')),
    verifierSettings: rows[0],
  };
}

type Row = ReadonlyMap<string, unknown>;

function fieldsOf(row: unknown): Row {
  return new Map(Object.entries(row ?? {}));
}

function roleFacts(row: Row): RoleFacts {
  const validUntil = row.get('valid_until');
  return {
    exists: row.get('exists') === true,
    elevated: row.get('elevated') === true,
    connectionLimit: Number(row.get('connection_limit')),
    validUntil: typeof validUntil === 'string' ? validUntil : undefined,
    memberOf: texts(row.get('member_of')),
    ownsIn: texts(row.get('owns_in')),
    settings: list(row.get('settings')).map(fieldsOf).map(roleSetting),
  };
}

/** `name=value`, as pg_db_role_setting keeps it. */
function roleSetting(entry: Row): RoleSetting {
  const [setting, database] = [String(entry.get('setting')), entry.get('database')];
  const end = setting.indexOf('=');
  return {
    database: typeof database === 'string' ? database : undefined,
    name: setting.slice(0, end),
    value: setting.slice(end + 1),
  };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function texts(value: unknown): readonly string[] {
  return list(value).map(String);
}
