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
  readonly canLogIn: boolean;
  /** Superuser, CREATEROLE, CREATEDB, REPLICATION or BYPASSRLS. */
  readonly elevated: boolean;
  readonly connectionLimit: number;
  /** As the server writes it; `undefined` for no end. */
  readonly validUntil: string | undefined;
  /** Empty if there is none. */
  readonly comment: string;
  /** Whether others, besides who administers it, are members of it. */
  readonly hasMembers: boolean;
  /** The roles that it is a direct member of. */
  readonly memberOf: readonly string[];
  /** Whether it may SET ROLE to the first user. */
  readonly mayActAsFirst: boolean;
  /** The databases that hold objects of it; an empty name stands for objects outside of databases. */
  readonly ownsIn: readonly string[];
  /** The databases with objects that it has a privilege or a policy on, and the first user has none. */
  readonly grantedMoreIn: readonly string[];
  readonly settings: readonly RoleSetting[];
}

/** Whether it would be missed by nobody, and is nobody's way to what it will be given. */
export function isUnused({
  exists,
  canLogIn,
  elevated,
  hasMembers,
  memberOf,
  ownsIn,
  grantedMoreIn,
}: RoleFacts): boolean {
  const holds = [...memberOf, ...ownsIn, ...grantedMoreIn];
  return exists && !canLogIn && !elevated && !hasMembers && holds.length === 0;
}

/** A function that is cut off in the middle leaves no lock that the next try would have to wait for. */
const IDLE_MS = 2_000;

/** 16: from here on GRANT says whether rights are inherited and whether SET ROLE is allowed. */
export const GRANT_OPTIONS_SINCE = 160_000;

export interface PairFacts {
  readonly first: RoleFacts;
  readonly clone: RoleFacts;
  /** 160004 is 16.4. */
  readonly serverVersion: number;
  /** What `verifierFor` takes. */
  readonly verifierSettings: unknown;
}

/**
 * All that has to be known before a superuser changes anything, in one statement.
 *
 * Default privileges and user mappings are no objects that anybody could miss: REASSIGN OWNED leaves them alone, too.
 */
export async function readPairFacts(connection: PostgresConnection, pair: UserPair): Promise<PairFacts> {
  const rows =
    await connection.ask(`SET ROLE NONE; SET default_transaction_read_only = off; SET search_path = pg_catalog;
    SET idle_in_transaction_session_timeout = ${IDLE_MS};
    SELECT wanted.name, role.oid IS NOT NULL AS "exists", coalesce(role.rolcanlogin, false) AS can_log_in,
      coalesce(role.rolsuper OR role.rolcreaterole OR role.rolcreatedb OR role.rolreplication OR role.rolbypassrls,
        false) AS elevated,
      coalesce(role.rolconnlimit, -1) AS connection_limit,
      CASE WHEN role.rolvaliduntil <> 'infinity' THEN role.rolvaliduntil::text END AS valid_until,
      coalesce(shobj_description(role.oid, 'pg_authid'), '') AS comment,
      EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = role.oid AND m.member <> (SELECT oid FROM pg_roles WHERE rolname = session_user)
        AND coalesce(to_jsonb(m)->>'set_option', 'true') = 'true') AS has_members,
      ARRAY(SELECT DISTINCT pg_get_userbyid(roleid)::text FROM pg_auth_members WHERE member = role.oid) AS member_of,
      coalesce(pg_has_role(role.oid, first.oid, CASE WHEN current_setting('server_version_num')::int >= ${GRANT_OPTIONS_SINCE}
        THEN 'SET' ELSE 'MEMBER' END), false) AS may_act_as_first,
      ARRAY(SELECT DISTINCT coalesce(datname::text, '') FROM pg_shdepend LEFT JOIN pg_database d ON d.oid = dbid
        WHERE refclassid = 'pg_authid'::regclass AND refobjid = role.oid AND deptype = 'o'
          AND classid NOT IN ('pg_default_acl'::regclass, 'pg_user_mapping'::regclass)) AS owns_in,
      ARRAY(SELECT DISTINCT coalesce(datname::text, '') FROM pg_shdepend more LEFT JOIN pg_database d ON d.oid = dbid
        WHERE refclassid = 'pg_authid'::regclass AND refobjid = role.oid AND deptype <> 'o'
          AND NOT EXISTS (SELECT FROM pg_shdepend same WHERE same.refclassid = more.refclassid
            AND same.refobjid = first.oid AND same.dbid = more.dbid AND same.classid = more.classid
            AND same.objid = more.objid)) AS granted_more_in,
      (SELECT coalesce(json_agg(json_build_object('database', datname, 'setting', setting)), '[]')
        FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = setdatabase, unnest(setconfig) AS setting
        WHERE setrole = role.oid) AS settings,
      current_setting('server_version_num')::int AS server_version, ${VERIFIER_SETTINGS}
    FROM (VALUES (1, ${connection.literal(pair.first)}), (2, ${connection.literal(pair.clone)})) AS wanted (place, name)
    LEFT JOIN pg_roles role ON role.rolname = wanted.name
    LEFT JOIN pg_roles first ON first.rolname = ${connection.literal(pair.first)} ORDER BY place`);
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
    canLogIn: row.get('can_log_in') === true,
    elevated: row.get('elevated') === true,
    comment: String(row.get('comment')),
    hasMembers: row.get('has_members') === true,
    connectionLimit: Number(row.get('connection_limit')),
    validUntil: typeof validUntil === 'string' ? validUntil : undefined,
    memberOf: texts(row.get('member_of')),
    mayActAsFirst: row.get('may_act_as_first') === true,
    ownsIn: texts(row.get('owns_in')),
    grantedMoreIn: texts(row.get('granted_more_in')),
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
