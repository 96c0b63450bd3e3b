import { randomBytes } from 'node:crypto';
import { AlternateRefused, DatabaseRefused, SuperuserRefused } from '../errors.ts';
import type { Sensitive } from '../secrets/sensitive.ts';
import type { AlternatingEngine, UserPair } from './alternating-engine.ts';
import type { DatabaseLogin } from './engine.ts';
import { mysql, openSession } from './mysql.ts';
import { accountName, firstText, PREPARE } from './mysql-account.ts';
import { parseAccountOptions } from './mysql-account-options.ts';
import { alterUser } from './mysql-alter-user.ts';
import type { MysqlConnection } from './mysql-connection.ts';
import { type Account, type Dialect, MARIADB, MYSQL } from './mysql-dialects.ts';
import { isRefusal, passwordChangeError, statementError } from './mysql-errors.ts';
import { type Grants, giving, isMorePowerful, parseGrants, sameGrants, taking } from './mysql-grants.ts';

/**
 * The clone is an account of its own for each host of the first user, with the same grants, default roles and limits. It
 * is created locked, and its password comes last: a login that works implies that the grants are there.
 */
export const mysqlAlternating: AlternatingEngine = {
  ...mysql,

  async connect(login, limit) {
    const { connection, session } = await openSession(login, limit);
    return {
      ...session,
      letIn: (user, pair, password) => letIn({ connection, login, pair, user, password }),
      proveRights: () => proveAccount(connection, login),
    };
  },
};

interface Entry {
  readonly connection: MysqlConnection;
  readonly login: DatabaseLogin;
  readonly pair: UserPair;
  readonly user: string;
  readonly password: Sensitive;
}

async function letIn(entry: Entry): Promise<void> {
  const { pair, user } = entry;
  const ask = asking(entry);
  await ask(PREPARE);
  const [server] = await ask('SELECT VERSION() AS version');
  const dialect = /mariadb/i.test(String(server?.['version'])) ? MARIADB : MYSQL;
  const hosts = await hostsOf(pair.first, ask);
  const cloneHosts = await hostsOf(pair.clone, ask);
  refuseUnsafePair(hosts, cloneHosts, pair);

  const pairs = [];
  for (const host of hosts) {
    const first = await readAccount(pair.first, host, ask);
    const clone = cloneHosts.includes(host) ? await readAccount(pair.clone, host, ask) : undefined;
    if (clone && isMorePowerful(clone.grants, first.grants)) throw morePowerful(clone, first);
    pairs.push({ host, first, clone });
  }
  for (const { host, first, clone } of pairs)
    await bringInLine(first, clone, accountName(pair.clone, host), ask, dialect);
  await setPasswords(
    entry,
    pairs.map(({ host, first }) => ({ name: accountName(user, host), plugin: first.options.plugin })),
    dialect,
  );
}

type Ask = (statement: string, values?: readonly string[]) => Promise<readonly Record<string, unknown>[]>;

function asking({ connection, login, pair }: Entry): Ask {
  return async (statement, values = []) => {
    try {
      return await connection.ask(statement, values);
    } catch (error) {
      if (!isRefusal(error, 'missing right')) throw statementError(error, login);
      throw new SuperuserRefused(
        `${login.username} may not do at ${login.host}:${login.port} what letting another user in takes (${nameOf(statement)}). Let a more powerful user grant ${login.username} CREATE USER ON *.*, SELECT ON mysql.*, and WITH GRANT OPTION whatever ${pair.first} may; then let the rotation repeat.`,
        { cause: error },
      );
    }
  };
}

async function hostsOf(user: string, ask: Ask): Promise<readonly string[]> {
  const rows = await ask("SELECT Host AS host FROM mysql.user WHERE User = ? AND Host <> '' ORDER BY Host", [user]);
  return rows.map(({ host }) => String(host));
}

async function readAccount(user: string, host: string, ask: Ask): Promise<Account> {
  const name = accountName(user, host);
  const grants = parseGrants((await ask(`SHOW GRANTS FOR ${name}`)).map(firstText));
  if (grants === undefined) {
    throw new AlternateRefused(
      `${name} has rights of a kind that cannot be copied here, such as a partial revoke or a proxy right. Nothing was changed. Express them as plain grants or by a role, or use the single-user function.`,
    );
  }
  const [created = {}] = await ask(`SHOW CREATE USER ${name}`);
  const options = parseAccountOptions(firstText(created));
  if (!/^\w+$/.test(options.plugin)) {
    throw new DatabaseRefused(`How ${name} logs in is not understood here. Give it a plugin that keeps a password.`);
  }
  return { name, grants, options };
}

/** A clone is let in with the first user's rights: it must be nobody else's. */
function refuseUnsafePair(hosts: readonly string[], cloneHosts: readonly string[], { first, clone }: UserPair): void {
  if (hosts.length === 0) {
    throw new AlternateRefused(
      `There is no account '${first}' for '${clone}' to take turns with. If ${clone} is itself the first user, put the tag rotation:first-user = ${clone} on the secret, then rotate again.`,
    );
  }
  const alone = cloneHosts.filter((host) => !hosts.includes(host));
  if (alone.length === 0) return;
  throw new AlternateRefused(
    `'${clone}' has accounts for hosts that '${first}' has none for: ${alone.join(', ')}. Nothing was changed. Drop them, or create the like for '${first}'; if they are somebody else's, give the first user another name.`,
  );
}

function morePowerful(clone: Account, first: Account): AlternateRefused {
  return new AlternateRefused(
    `${clone.name} exists and may do more than ${first.name}: it has privileges on *.* or roles that the first user lacks. Nothing was changed. Revoke them if it is meant to take turns; if it is somebody else's, give the first user another name.`,
  );
}

async function bringInLine(
  first: Account,
  clone: Account | undefined,
  name: string,
  ask: Ask,
  dialect: Dialect,
): Promise<void> {
  if (clone === undefined) await ask(dialect.create(name, first.options.plugin), [unusedPassword()]);
  const { require, limits } = first.options;
  if (clone?.options.require !== require || clone.options.limits !== limits) {
    await ask(`ALTER USER ${name} ${require} ${limits}`);
  }
  const reread = async () => parseGrants((await ask(`SHOW GRANTS FOR ${name}`)).map(firstText));
  let has = clone?.grants ?? NOTHING;
  // Given before anything is taken: the clone may be in use. What is given can swallow what was there (ALL PRIVILEGES).
  const given = giving(first.grants, has, name);
  for (const statement of given) await ask(statement);
  if (given.length > 0) has = (await reread()) ?? NOTHING;
  const taken = taking(first.grants, has, name);
  for (const statement of taken) await ask(statement);
  for (const statement of dialect.defaultRoles(first, clone, name)) await ask(statement);
  if (given.length + taken.length === 0) return;
  const result = await reread();
  if (result && sameGrants(first.grants, result)) return;
  throw new AlternateRefused(
    `${name} could not be given exactly what ${first.name} may: compare SHOW GRANTS of the two. Its password was not changed. Express the difference as plain grants or by a role, then let the rotation repeat.`,
  );
}

const NOTHING: Grants = { privileges: new Map(), roles: new Map(), defaultRole: undefined };

async function setPasswords(
  entry: Entry,
  accounts: readonly { name: string; plugin: string }[],
  dialect: Dialect,
): Promise<void> {
  const { connection, login, user, pair, password } = entry;
  const unlock = user === pair.clone ? ' ACCOUNT UNLOCK' : '';
  const as = { ...login, username: user };
  try {
    const { clauses, values } = dialect.identified(accounts, password);
    await alterUser(connection.ask, `${clauses}${unlock}`, values);
  } catch (error) {
    if (!isRefusal(error, 'verifier')) throw passwordChangeError(error, as);
    const clauses = accounts.map(({ name, plugin }) => `${name} IDENTIFIED VIA ${plugin} USING PASSWORD(?)`).join(', ');
    try {
      await alterUser(
        connection.ask,
        `${clauses}${unlock}`,
        accounts.map(() => password.reveal()),
      );
    } catch (again) {
      throw passwordChangeError(again, as);
    }
  }
}

/** An anonymous account, or one for another host, would take a login that was meant for this one. */
async function proveAccount(connection: MysqlConnection, login: DatabaseLogin): Promise<void> {
  try {
    const [row] = await connection.ask('SELECT CURRENT_USER() AS account');
    const account = String(row?.['account']);
    if (account.slice(0, account.lastIndexOf('@')) === login.username) return;
    throw new AlternateRefused(
      `${login.username} logs in at ${login.host}:${login.port}, but as the account ${account}. Drop that account, or narrow its host.`,
    );
  } catch (error) {
    throw error instanceof AlternateRefused ? error : statementError(error, login);
  }
}

function nameOf(statement: string): string {
  return statement.split(' ').slice(0, 2).join(' ');
}

/** Nobody is told it; its beginning is for password rules that want one of each kind. */
function unusedPassword(): string {
  return `Aa1-${randomBytes(24).toString('base64')}`;
}
