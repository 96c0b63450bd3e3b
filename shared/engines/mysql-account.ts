import type { DatabaseLogin } from './engine.ts';
import { statementError } from './mysql-errors.ts';

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

/** Names and quotes mean the same to the server and to the driver, whatever `init_connect` and the defaults have made of it. */
export const PREPARE =
  "SET NAMES utf8mb4, SESSION sql_mode = '', SESSION sql_quote_show_create = 1, SESSION autocommit = 1";

/** Under an empty `sql_mode` a backtick is all that has to be doubled between backticks. */
export function accountName(user: string, host: string): string {
  return [user, host].map((part) => `\`${part.replaceAll('`', '``')}\``).join('@');
}

/** The one column of `SHOW GRANTS` and `SHOW CREATE USER`, whose name has the account in it. */
export function firstText(row: Readonly<Record<string, unknown>> = {}): string {
  return String(Object.values(row)[0]);
}

/** As which account a session is logged in: an anonymous one takes logins of any name, and one is as good as another host's. */
export async function currentAccount(
  ask: (statement: string) => Promise<readonly Record<string, unknown>[]>,
  login: DatabaseLogin,
): Promise<{ readonly user: string; readonly host: string }> {
  const [row] = await ask('SELECT CURRENT_USER() AS account').catch((error: unknown) => {
    throw statementError(error, login);
  });
  const account = String(row?.['account']);
  const at = account.lastIndexOf('@');
  return { user: account.slice(0, at), host: account.slice(at + 1) };
}
