/** One way to log in to an account, as MariaDB tells it. */
export interface AuthenticationMethod {
  readonly plugin: string;
  /** What the server stores of the password. A secret: never to be shown. */
  readonly stored: string;
}

const ACCOUNT = /^CREATE USER `(?:[^`]|``)*`@`(?:[^`]|``)*` IDENTIFIED /;
const NATIVE_ONLY = /^BY PASSWORD '([^']*)'/;
const METHOD = /^(?:VIA|OR) ([\w-]+)(?: USING '((?:[^'\\]|\\.|'')*)')? ?/s;

/**
 * How an account logs in, read from the answer to `SHOW CREATE USER` of a MariaDB server whose `sql_mode` is empty.
 * https://mariadb.com/docs/server/reference/sql-statements/account-management-sql-statements/create-user
 *
 * @returns undefined if the answer is not understood
 */
export function authenticationMethods(answer: string): readonly AuthenticationMethod[] | undefined {
  const account = ACCOUNT.exec(answer)?.[0];
  if (account === undefined) return undefined;
  let rest = answer.slice(account.length);
  const native = NATIVE_ONLY.exec(rest);
  if (native) return [{ plugin: 'mysql_native_password', stored: native[1] ?? '' }];
  const methods: AuthenticationMethod[] = [];
  for (let found = METHOD.exec(rest); found; found = METHOD.exec(rest)) {
    const [text, plugin = '', stored = ''] = found;
    methods.push({ plugin, stored });
    rest = rest.slice(text.length);
  }
  return methods.length > 0 ? methods : undefined;
}
