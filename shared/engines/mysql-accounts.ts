import { DatabaseRefused } from '../errors.ts';
import { type AuthenticationMethod, accountName } from './mysql-account.ts';
import { type AccountOptions, mariadbOptions, mysqlOptions } from './mysql-account-options.ts';
import { type Columns, columnsOf, textIn } from './mysql-columns.ts';
import { keepsPassword } from './mysql-own-password.ts';

/** An account as the server's own tables have it. */
export interface StoredAccount {
  readonly host: string;
  /** Quoted, to stand in statements. */
  readonly name: string;
  readonly locked: boolean;
  /** MySQL: others have been granted it, or it was made for that. */
  readonly isRole: boolean;
  /** Each of them alone lets the user in. */
  readonly methods: readonly AuthenticationMethod[];
  /** Whether the user has to pass further factors after one of the methods. */
  readonly hasFactors: boolean;
  /** What MySQL keeps of a second password. */
  readonly second: AuthenticationMethod | undefined;
  readonly options: AccountOptions;
  readonly trace: Trace;
}

/** What an earlier rotation has left on an account, and its owner cannot have. */
export interface Trace {
  /** MySQL: the secret that the account was marked for. */
  readonly mark: string;
  /** MariaDB: somebody who may has unlocked it. An account that was never locked does not say that it is unlocked. */
  readonly unlocked: boolean;
}

/** The member of an account's ATTRIBUTE that rotations write. */
export const MARK = 'secret-rotation';

export type Ask = (statement: string, values?: readonly string[]) => Promise<readonly Record<string, unknown>[]>;

/** All accounts of a user, which are one for each host; roles are not among MariaDB's. */
export type ReadAccounts = (user: string, ask: Ask) => Promise<readonly StoredAccount[]>;

export async function mysqlAccounts(user: string, ask: Ask): Promise<readonly StoredAccount[]> {
  const rows = await ask('SELECT * FROM mysql.user WHERE User = ? ORDER BY Host', [user]);
  const granted = await ask('SELECT FROM_HOST AS host FROM mysql.role_edges WHERE FROM_USER = ?', [user]);
  const [mandatory] = await ask('SELECT @@GLOBAL.mandatory_roles AS roles');
  const roles = [...granted.map(({ host }) => textIn(host)), ...hostsAmong(textIn(mandatory?.['roles']), user)];
  return accountsIn(rows, user, (row) => {
    const locked = textIn(row.get('account_locked')) === 'Y';
    const stored = textIn(row.get('authentication_string'));
    const attributes = columnsOf(row.get('user_attributes'));
    const plugin = textIn(row.get('plugin'));
    const second = textIn(attributes.get('additional_password'));
    const mark = columnsOf(columnsOf(attributes.get('metadata')).get(MARK));
    return {
      locked,
      isRole: roles.includes(textIn(row.get('host'))) || (locked && stored === ''),
      methods: [{ plugin, stored }],
      hasFactors: attributes.has('multi_factor_authentication'),
      second: second === '' ? undefined : { plugin, stored: second },
      options: mysqlOptions(row),
      trace: { mark: textIn(mark.get('secret')), unlocked: false },
    };
  });
}

export async function mariadbAccounts(user: string, ask: Ask): Promise<readonly StoredAccount[]> {
  const rows = await ask("SELECT User, Host, Priv FROM mysql.global_priv WHERE User = ? AND Host <> '' ORDER BY Host", [
    user,
  ]);
  return accountsIn(rows, user, (row) => {
    const priv = columnsOf(row.get('priv'));
    const alternatives = priv.get('auth_or');
    // An empty object among them stands for the method that the account itself names.
    const methods = (Array.isArray(alternatives) ? alternatives : [{}])
      .map(columnsOf)
      .map((method) => (method.has('plugin') ? method : priv));
    return {
      locked: priv.get('account_locked') === true,
      isRole: false,
      methods: methods.map((method) => ({
        plugin: textIn(method.get('plugin')),
        stored: textIn(method.get('authentication_string')),
      })),
      hasFactors: false,
      second: undefined,
      options: mariadbOptions(priv),
      trace: { mark: '', unlocked: priv.get('account_locked') === false },
    };
  });
}

/** The hosts for which a list of roles, quoted or not, names this one; a name alone is for any host. */
function hostsAmong(roles: string, user: string): readonly string[] {
  const parts = roles.matchAll(/([`'"]?)([^`'",@]+)\1(?:@([`'"]?)([^`'",]+)\3)?/g);
  return [...parts].filter(([, , name]) => name?.trim() === user).map(([, , , , host]) => host?.trim() ?? '%');
}

/** The server takes names for the same that differ in spaces at their end. */
function accountsIn(
  rows: readonly Record<string, unknown>[],
  user: string,
  read: (row: Columns) => Omit<StoredAccount, 'host' | 'name'>,
): readonly StoredAccount[] {
  return rows
    .map(columnsOf)
    .filter((row) => textIn(row.get('user')) === user)
    .map((row) => {
      const host = textIn(row.get('host'));
      return { host, name: accountName(user, host), ...read(row) };
    });
}

/** @throws DatabaseRefused if the account logs in without a password of its own */
export function passwordPlugin({ name, methods }: StoredAccount): string {
  const method = methods.find(keepsPassword);
  if (method) return method.plugin;
  const told = methods.map(({ plugin }) => plugin).join(', ');
  throw new DatabaseRefused(
    `${name} logs in without a password of its own (${told}). Nothing was changed. Give it a plugin that keeps a password, or rotate another user.`,
  );
}
