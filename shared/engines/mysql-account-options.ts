import { type Columns, columnsOf, numberIn, textIn } from './mysql-columns.ts';

/** A part of `ALTER USER`; the values take the places of its question marks, so that quotes in them mean nothing. */
export interface Clause {
  readonly text: string;
  readonly values: readonly string[];
}

/** What an account is besides its name, password and rights, in the order in which `ALTER USER` takes it. */
export type AccountOptions = readonly Clause[];

/** The clauses that bring an account with the options `has` in line; versions that lack an option lack it in both. */
export function differing(wanted: AccountOptions, has: AccountOptions): AccountOptions {
  const known = has.map(told);
  return wanted.filter((clause) => !known.includes(told(clause)));
}

/**
 * Of a row of `mysql.user`: https://dev.mysql.com/doc/refman/8.4/en/grant-tables.html. `SHOW CREATE USER` would not do:
 * it prints what `REQUIRE` names as it is, with the quotes in it (seen on 9.7).
 */
export function mysqlOptions(row: Columns): AccountOptions {
  const kind = textIn(row.get('ssl_type'));
  const locking = columnsOf(columnsOf(row.get('user_attributes')).get('password_locking'));
  const days = numberIn(locking.get('password_lock_time_days'));
  const requireCurrent = textIn(row.get('password_require_current'));
  return [
    required(kind === 'ANY' ? 'SSL' : kind, row),
    plain(`WITH ${LIMITS.map((limit, index) => `${limit} ${numberIn(row.get(MYSQL_LIMITS[index] ?? ''))}`).join(' ')}`),
    expiring(row.get('password_lifetime')),
    plain(`PASSWORD HISTORY ${textIn(row.get('password_reuse_history')) || 'DEFAULT'}`),
    plain(`PASSWORD REUSE INTERVAL ${daysOrDefault(row.get('password_reuse_time'))}`),
    plain(`PASSWORD REQUIRE CURRENT${requireCurrent === '' ? ' DEFAULT' : requireCurrent === 'N' ? ' OPTIONAL' : ''}`),
    plain(
      `FAILED_LOGIN_ATTEMPTS ${numberIn(locking.get('failed_login_attempts'))} PASSWORD_LOCK_TIME ${days < 0 ? 'UNBOUNDED' : days}`,
    ),
  ];
}

/** Of the JSON in `mysql.global_priv`: https://mariadb.com/docs/server/reference/system-tables/the-mysql-database-tables/mysql-global_priv-table */
export function mariadbOptions(priv: Columns): AccountOptions {
  const kind = ['', 'SSL', 'X509', 'SPECIFIED'][numberIn(priv.get('ssl_type'))] ?? '';
  const lifetime = priv.get('password_lifetime');
  return [
    required(kind, priv),
    plain(
      `WITH ${[...LIMITS, 'MAX_STATEMENT_TIME'].map((limit) => `${limit} ${numberIn(priv.get(MARIADB_LIMITS[limit] ?? limit.toLowerCase()))}`).join(' ')}`,
    ),
    expiring(numberIn(lifetime) < 0 ? undefined : lifetime),
  ];
}

const LIMITS = ['MAX_QUERIES_PER_HOUR', 'MAX_UPDATES_PER_HOUR', 'MAX_CONNECTIONS_PER_HOUR', 'MAX_USER_CONNECTIONS'];
const MYSQL_LIMITS = ['max_questions', 'max_updates', 'max_connections', 'max_user_connections'];
const MARIADB_LIMITS: Readonly<Record<string, string>> = {
  MAX_QUERIES_PER_HOUR: 'max_questions',
  MAX_UPDATES_PER_HOUR: 'max_updates',
  MAX_CONNECTIONS_PER_HOUR: 'max_connections',
};

function required(kind: string, row: Columns): Clause {
  if (kind !== 'SPECIFIED') return plain(`REQUIRE ${kind || 'NONE'}`);
  const named = [
    ['SUBJECT ?', textIn(row.get('x509_subject'))],
    ['ISSUER ?', textIn(row.get('x509_issuer'))],
    ['CIPHER ?', textIn(row.get('ssl_cipher'))],
  ].filter(([, value]) => value !== '');
  return {
    text: `REQUIRE ${named.map(([text]) => text).join(' AND ')}`,
    values: named.map(([, value = '']) => value),
  };
}

function expiring(lifetime: unknown): Clause {
  if (lifetime === null || lifetime === undefined) return plain('PASSWORD EXPIRE DEFAULT');
  return plain(`PASSWORD EXPIRE ${numberIn(lifetime) === 0 ? 'NEVER' : `INTERVAL ${numberIn(lifetime)} DAY`}`);
}

function daysOrDefault(days: unknown): string {
  return days === null || days === undefined ? 'DEFAULT' : `${numberIn(days)} DAY`;
}

function plain(text: string): Clause {
  return { text, values: [] };
}

function told({ text, values }: Clause): string {
  return JSON.stringify([text, values]);
}
