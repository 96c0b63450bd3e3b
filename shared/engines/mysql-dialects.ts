import { createHash } from 'node:crypto';
import type { Sensitive } from '../secrets/sensitive.ts';
import { accountName } from './mysql-account.ts';
import { type AccountOptions, type Clause, mariadbOptions, mysqlOptions } from './mysql-account-options.ts';
import {
  type Ask,
  MARK,
  mariadbAccounts,
  mysqlAccounts,
  type ReadAccounts,
  type StoredAccount,
} from './mysql-accounts.ts';
import { textIn } from './mysql-columns.ts';
import { keepsPassword } from './mysql-own-password.ts';
import type { Account } from './mysql-pair-claims.ts';
import { verifierOf } from './mysql-verifiers.ts';

/** What MySQL and MariaDB write differently. */
export interface Dialect {
  readonly accounts: ReadAccounts;
  /** Of an account that was created without a word on any of them. */
  readonly plainOptions: AccountOptions;
  /** MySQL's list of them; MariaDB tells its one among the grants. */
  defaultRolesOf(user: string, host: string, ask: Ask): Promise<string>;
  /**
   * Makes a locked account that `isHalfMade` knows for ours, unless another copy of this step has made it. The second statement is for servers that refuse verifiers, and for plugins whose verifiers are not known here.
   */
  creating(name: string, plugin: string, password: Sensitive, mark: string): readonly Clause[];
  /** What follows an account's name to have it log in by the password, and by nothing that was a password before. */
  identified(account: StoredAccount, plugin: string, password: Sensitive, form: 'verifier' | 'in clear'): Clause;
  /** What follows in `ALTER USER` the accounts of one of the users to leave on them what `Trace` tells. */
  marking(mark: string, of: 'first' | 'clone'): Clause | undefined;
  isMarked(account: StoredAccount, mark: string): boolean;
  /** What follows the clone's accounts in the `ALTER USER` that lets it in. */
  lettingIn(mark: string): Clause;
  defaultRoles(first: Account, clone: Account | undefined, name: string): string[];
}

export function dialectOf(version: string): Dialect {
  if (/mariadb/i.test(version)) return MARIADB;
  return mysqlOf(version);
}

export const MARIADB: Dialect = {
  accounts: mariadbAccounts,
  plainOptions: mariadbOptions(new Map()),
  defaultRolesOf: async () => '',
  creating(name, plugin, password, mark) {
    const via = `CREATE USER IF NOT EXISTS ${name} IDENTIFIED VIA ${plugin} USING`;
    const inClear = { text: `${via} PASSWORD(?) ACCOUNT LOCK`, values: [password.reveal()] };
    const verifier = openedByNothing(plugin, name, mark);
    return verifier === undefined ? [inClear] : [{ text: `${via} ? ACCOUNT LOCK`, values: [verifier] }, inClear];
  },
  /** The password stands where the first one stood; what is no password, such as unix_socket, stays. */
  identified({ methods }, plugin, password, form) {
    const verifier = form === 'verifier' ? verifierOf(plugin, password) : undefined;
    const own: Clause = {
      text: `${plugin} USING ${verifier ? '?' : 'PASSWORD(?)'}`,
      values: [(verifier ?? password).reveal()],
    };
    const first = methods.findIndex(keepsPassword);
    const parts = methods.flatMap((method, index) => {
      if (index === first) return [own];
      if (keepsPassword(method)) return [];
      return [
        method.stored === ''
          ? { text: method.plugin, values: [] }
          : { text: `${method.plugin} USING ?`, values: [method.stored] },
      ];
    });
    const all = first < 0 ? [own, ...parts] : parts;
    return {
      text: `IDENTIFIED VIA ${all.map(({ text }) => text).join(' OR ')}`,
      values: all.flatMap(({ values }) => values),
    };
  },
  // No more than it is already: only accounts that may log in are marked.
  marking: (_, of) => (of === 'clone' ? { text: ' ACCOUNT UNLOCK', values: [] } : undefined),
  isMarked: ({ trace }) => trace.unlocked,
  lettingIn: () => ({ text: ' ACCOUNT UNLOCK', values: [] }),
  defaultRoles(first, clone, name) {
    const [wanted, has] = [first.grants?.defaultRole, clone?.grants?.defaultRole];
    return wanted === has ? [] : [`SET DEFAULT ROLE ${wanted ?? 'NONE'} FOR ${name}`];
  },
};

function mysqlOf(version: string): Dialect {
  const keepsAttributes = isFrom(version, ATTRIBUTES_SINCE);
  const marked = (value: object): Clause =>
    keepsAttributes ? { text: ' ATTRIBUTE ?', values: [JSON.stringify({ [MARK]: value })] } : { text: '', values: [] };
  return {
    accounts: mysqlAccounts,
    plainOptions: mysqlOptions(new Map()),
    async defaultRolesOf(user, host, ask) {
      const roles = await ask(
        'SELECT DEFAULT_ROLE_USER AS user, DEFAULT_ROLE_HOST AS host FROM mysql.default_roles WHERE USER = ? AND HOST = ? ORDER BY 1, 2',
        [user, host],
      );
      return roles.map((role) => accountName(textIn(role['user']), textIn(role['host']))).join(', ');
    },
    creating(name, plugin, password, mark) {
      const start = `CREATE USER IF NOT EXISTS ${name}`;
      const verifier = openedByNothing(plugin, name, mark);
      const inClear = { text: `${start} IDENTIFIED WITH ${plugin} BY ? ACCOUNT LOCK`, values: [password.reveal()] };
      if (verifier === undefined) return [inClear];
      return [{ text: `${start} IDENTIFIED WITH ${plugin} AS ? ACCOUNT LOCK`, values: [verifier] }];
    },
    identified: (_, plugin, password) => ({ text: `IDENTIFIED WITH ${plugin} BY ?`, values: [password.reveal()] }),
    marking: (mark) => (keepsAttributes ? marked({ secret: mark }) : undefined),
    lettingIn(mark) {
      const { text, values } = marked({ secret: mark });
      return { text: ` ACCOUNT UNLOCK${text}`, values };
    },
    isMarked: ({ trace }, mark) => trace.mark === mark,
    defaultRoles(first, clone, name) {
      const [wanted, has] = [first.defaultRoles, clone?.defaultRoles ?? ''];
      return wanted === has ? [] : [`ALTER USER ${name} DEFAULT ROLE ${wanted || 'NONE'}`];
    },
  };
}

/** https://dev.mysql.com/doc/relnotes/mysql/8.0/en/news-8-0-21.html */
const ATTRIBUTES_SINCE = [8, 0, 21];

function isFrom(version: string, since: readonly number[]): boolean {
  const parts = version.split(/[.-]/, since.length).map(Number);
  const index = since.findIndex((part, place) => parts[place] !== part);
  return index < 0 || (parts[index] ?? 0) > (since[index] ?? 0);
}

/** Whether a rotation of this secret has begun to make the account, and not come to let it in. */
export function isHalfMade({ locked, name, methods }: StoredAccount, mark: string): boolean {
  return locked && methods.every(({ plugin, stored }) => stored === openedByNothing(plugin, name, mark));
}

/**
 * A verifier that no password is known for, in the place of a password that rules could refuse. By it the account is
 * known for one that this secret's rotation has begun to make.
 */
function openedByNothing(plugin: string, name: string, mark: string): string | undefined {
  const digest = createHash('sha512').update(`${mark} ${name}`).digest();
  const text = digest.toString('base64').replaceAll('+', '.');
  const [salt, crypt] = [text.slice(0, 20), text.slice(20, 63)];
  switch (plugin) {
    case 'mysql_native_password':
      return `*${digest.toString('hex').slice(0, 40).toUpperCase()}`;
    case 'ed25519':
      return digest.subarray(0, 32).toString('base64').replace(/=+$/, '');
    case 'caching_sha2_password':
      return `$A$005$${salt}${crypt}`;
    case 'sha256_password':
      return `$5$${salt}$${crypt}`;
    default:
      return undefined;
  }
}
