import type { Sensitive } from '../secrets/sensitive.ts';
import type { AccountOptions } from './mysql-account-options.ts';
import type { Grants } from './mysql-grants.ts';
import { verifierOf } from './mysql-verifiers.ts';

/** An account as the server knows it. */
export interface Account {
  /** Quoted, to stand in statements. */
  readonly name: string;
  readonly grants: Grants;
  readonly options: AccountOptions;
}

/** What MySQL and MariaDB write differently. */
export interface Dialect {
  /** Takes a password that nobody is told. */
  create(name: string, plugin: string): string;
  identified(
    accounts: readonly { name: string; plugin: string }[],
    password: Sensitive,
  ): { clauses: string; values: string[] };
  defaultRoles(first: Account, clone: Account | undefined, name: string): string[];
}

export const MARIADB: Dialect = {
  create: (name, plugin) => `CREATE USER IF NOT EXISTS ${name} IDENTIFIED VIA ${plugin} USING PASSWORD(?) ACCOUNT LOCK`,
  identified(accounts, password) {
    const parts = accounts.map(({ name, plugin }) => {
      const verifier = verifierOf(plugin, password);
      return {
        clause: `${name} IDENTIFIED VIA ${plugin} USING ${verifier ? '?' : 'PASSWORD(?)'}`,
        value: (verifier ?? password).reveal(),
      };
    });
    return { clauses: parts.map(({ clause }) => clause).join(', '), values: parts.map(({ value }) => value) };
  },
  defaultRoles(first, clone, name) {
    const [wanted, has] = [first.grants.defaultRole, clone?.grants.defaultRole];
    return wanted === has ? [] : [`SET DEFAULT ROLE ${wanted ?? 'NONE'} FOR ${name}`];
  },
};

/** Statement by statement from MySQL's manual; no MySQL 8 server was at hand. */
export const MYSQL: Dialect = {
  create: (name, plugin) => `CREATE USER IF NOT EXISTS ${name} IDENTIFIED WITH ${plugin} BY ? ACCOUNT LOCK`,
  identified: (accounts, password) => ({
    clauses: accounts.map(({ name, plugin }) => `${name} IDENTIFIED WITH ${plugin} BY ?`).join(', '),
    values: accounts.map(() => password.reveal()),
  }),
  defaultRoles(first, clone, name) {
    const [wanted, has] = [first.options.defaultRoles, clone?.options.defaultRoles];
    return wanted === has ? [] : [`ALTER USER ${name} DEFAULT ROLE ${wanted ?? 'NONE'}`];
  },
};
