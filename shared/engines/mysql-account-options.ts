/** What an account is besides its name and password, as clauses to write behind another account. */
export interface AccountOptions {
  /** `REQUIRE …`, always there. */
  readonly require: string;
  /** `WITH MAX_… 1 MAX_… 2`; a limit that is not told is 0, which is none. */
  readonly limits: string;
  /** MySQL's default roles, one after the other; MariaDB tells its own among the grants. */
  readonly defaultRoles: string | undefined;
  /** The plugin that it proves its password with, the first if there are several. */
  readonly plugin: string;
}

const LIMITS = ['MAX_QUERIES_PER_HOUR', 'MAX_UPDATES_PER_HOUR', 'MAX_CONNECTIONS_PER_HOUR', 'MAX_USER_CONNECTIONS'];
const TOKEN = /`(?:[^`]|``)*`|'(?:[^'\\]|\\.|'')*'|[^\s'`]+/gs;
/** Words that end the clauses that are looked for. */
const CLAUSES = ['REQUIRE', 'WITH', 'PASSWORD', 'ACCOUNT', 'DEFAULT', 'ATTRIBUTE', 'COMMENT', 'FAILED_LOGIN_ATTEMPTS'];

/**
 * Reads the answer to `SHOW CREATE USER` of a session with an empty `sql_mode`.
 * https://dev.mysql.com/doc/refman/8.4/en/show-create-user.html
 */
export function parseAccountOptions(answer: string): AccountOptions {
  const tokens: readonly string[] = answer.match(TOKEN) ?? [];
  const identified = tokens.indexOf('IDENTIFIED');
  const plugin = tokens[identified + 1] === 'BY' ? 'mysql_native_password' : (tokens[identified + 2] ?? '');
  const told = clause(tokens, 'WITH', identified + 3);
  const limits = LIMITS.map((limit) => `${limit} ${told.includes(limit) ? told[told.indexOf(limit) + 1] : 0}`);
  const [what, ...roles] = clause(tokens, 'DEFAULT', identified + 3);
  return {
    require: `REQUIRE ${clause(tokens, 'REQUIRE', identified + 3).join(' ') || 'NONE'}`,
    limits: `WITH ${limits.join(' ')}`,
    defaultRoles: what === 'ROLE' ? roles.join('') : undefined,
    plugin: plugin.replace(/^'|'$/g, ''),
  };
}

/** The tokens behind a clause's word, up to the next clause. */
function clause(tokens: readonly string[], word: string, from: number): readonly string[] {
  const start = tokens.indexOf(word, Math.max(0, from));
  if (start < 0) return [];
  const end = tokens.findIndex((token, index) => index > start && CLAUSES.includes(token));
  return tokens.slice(start + 1, end < 0 ? undefined : end);
}
