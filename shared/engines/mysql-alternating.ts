import { AlternateRefused, SuperuserRefused } from '../errors.ts';
import type { Sensitive } from '../secrets/sensitive.ts';
import type { AlternatingEngine, Claim, UserPair } from './alternating-engine.ts';
import type { DatabaseLogin } from './engine.ts';
import { mysql, openSession } from './mysql.ts';
import { accountName, currentAccount, firstText, PREPARE } from './mysql-account.ts';
import { type Ask, passwordPlugin, type StoredAccount } from './mysql-accounts.ts';
import { alterUser } from './mysql-alter-user.ts';
import { bringInLine } from './mysql-clone.ts';
import type { MysqlConnection } from './mysql-connection.ts';
import { type Dialect, dialectOf, MARIADB } from './mysql-dialects.ts';
import { hostUnlessExpired, isRefusal, passwordChangeError, statementError } from './mysql-errors.ts';
import { isMorePowerful, parseGrants } from './mysql-grants.ts';
import { refuseTooLong } from './mysql-limits.ts';
import { keepsPassword } from './mysql-own-password.ts';
import { type Account, claimedPairs, type PairAt } from './mysql-pair-claims.ts';
import { isStored } from './mysql-stored-passwords.ts';

/**
 * The clone is an account of its own for each host of the first user, with the same grants, default roles and options. It
 * is created locked, and its password comes last: a login that works implies that the grants are there.
 */
export const mysqlAlternating: AlternatingEngine = {
  ...mysql,

  async connect(login, limit) {
    const { connection, session } = await openSession(login, limit);
    return {
      ...session,
      accountHost: () => hostUnlessExpired(accountHost(connection, login)),
      letIn: (user, pair, password, claim) => letIn({ connection, login, pair, user, password, claim }),
      proveRights: async () => void (await accountHost(connection, login)),
    };
  },
};

interface Entry {
  readonly connection: MysqlConnection;
  readonly login: DatabaseLogin;
  readonly pair: UserPair;
  readonly user: string;
  readonly password: Sensitive;
  readonly claim: Claim;
}

async function letIn(entry: Entry): Promise<void> {
  const { pair, claim, password } = entry;
  const ask = asking(entry);
  await ask(PREPARE);
  const [server] = await ask('SELECT VERSION() AS version');
  const version = String(server?.['version']);
  const dialect = dialectOf(version);
  if (dialect !== MARIADB) refuseTooLong(password, { ...entry.login, username: entry.user });
  const firsts = await accountsOf(pair.first, dialect, ask);
  const clones = await accountsOf(pair.clone, dialect, ask);
  const pairs = await claimedPairs({ ...entry, firsts, clones });
  for (const at of pairs) refuseUncopied(at);

  for (const { first, clone } of pairs) {
    const name = accountName(pair.clone, first.host);
    const set = (statement: string, values: readonly string[]) => setting(entry, statement, values);
    await bringInLine({ first, clone, name, password, mark: claim.mark }, dialect, ask, set);
  }
  await markProven(entry, pairs, dialect, ask);
  await setPasswords(entry, pairs, dialect, ask);
}

function asking(entry: Entry): Ask {
  return async (statement, values = []) => {
    try {
      return await entry.connection.ask(statement, values);
    } catch (error) {
      if (isRefusal(error, 'missing right')) throw missingRight(entry, statement, error);
      throw statementError(error, entry.login);
    }
  };
}

async function accountsOf(user: string, dialect: Dialect, ask: Ask): Promise<readonly Account[]> {
  const accounts = [];
  for (const stored of await dialect.accounts(user, ask)) {
    const grants = parseGrants((await ask(`SHOW GRANTS FOR ${stored.name}`)).map(firstText));
    accounts.push({ ...stored, grants, defaultRoles: await dialect.defaultRolesOf(user, stored.host, ask) });
  }
  return accounts;
}

/** What the clone cannot be given, or may have had from elsewhere. */
function refuseUncopied({ first, clone }: PairAt): void {
  for (const { name, grants, hasFactors } of clone ? [first, clone] : [first]) {
    if (grants === undefined) {
      throw new AlternateRefused(
        `${name} has rights of a kind that cannot be copied here, such as a partial revoke or a proxy right. Nothing was changed. Express them as plain grants or by a role, or use the single-user function.`,
      );
    }
    if (hasFactors) {
      throw new AlternateRefused(
        `${name} logs in with more than one factor, of which a rotation knows only the password. Nothing was changed. Take the others away (ALTER USER ${name} DROP 2 FACTOR), or rotate another user.`,
      );
    }
  }
  passwordPlugin(first);
  if (!clone?.grants || !first.grants || !isMorePowerful(clone.grants, first.grants)) return;
  throw new AlternateRefused(
    `${clone.name} exists and may do more than ${first.name}: it has privileges on *.* or roles that the first user lacks. Nothing was changed. Revoke them if it is meant to take turns; if it is somebody else's, give the first user another name.`,
  );
}

/** So that the next rotation knows the accounts again. Where the deployer lets a lost password pass, nothing is proven. */
async function markProven({ user, pair, claim }: Entry, pairs: readonly PairAt[], dialect: Dialect, ask: Ask) {
  for (const at of pairs) {
    for (const of of ['first', 'clone'] as const) {
      const account = at[of];
      const isProven = claim.current !== undefined || user === pair[of];
      const marking = dialect.marking(claim.mark, of);
      if (!marking || !isProven || !account || account.locked || dialect.isMarked(account, claim.mark)) continue;
      await ask(`ALTER USER ${account.name}${marking.text}`, marking.values);
    }
  }
}

async function setPasswords(entry: Entry, pairs: readonly PairAt[], dialect: Dialect, ask: Ask): Promise<void> {
  const { user, pair, password, claim } = entry;
  const isClone = user === pair.clone;
  const now = await dialect.accounts(user, ask);
  const plugins = new Map(pairs.map(({ first }) => [first.host, passwordPlugin(first)]));
  const targets = now.filter(({ host }) => plugins.has(host));
  for (const { name, second } of targets) if (second) await ask(`ALTER USER ${name} DISCARD OLD PASSWORD`);
  // Set only once: a rule against using a password again would refuse it.
  const open = targets.filter((account) => !isOpenedOnlyBy(password, account));
  if (open.length === 0 && !isClone) return;

  const after = isClone ? dialect.lettingIn(claim.mark) : { text: '', values: [] };
  const write = async (form: 'verifier' | 'in clear') => {
    const clauses = targets.map((account) => {
      if (!open.includes(account)) return { text: '', values: [] };
      return dialect.identified(account, plugins.get(account.host) ?? '', password, form);
    });
    const text = targets.map(({ name }, index) => `${name} ${clauses[index]?.text}`).join(', ');
    const values = [...clauses.flatMap((clause) => clause.values), ...after.values];
    await alterUser(entry.connection.ask, `${text}${after.text}`, values);
  };
  try {
    await write('verifier').catch(async (error: unknown) => {
      if (!isRefusal(error, 'verifier')) throw error;
      await write('in clear');
    });
  } catch (error) {
    throw passwordChangeError(error, { ...entry.login, username: user });
  }
}

function isOpenedOnlyBy(password: Sensitive, { methods, second }: StoredAccount): boolean {
  const [own, ...others] = methods.filter(keepsPassword);
  return own !== undefined && others.length === 0 && second === undefined && isStored(password, own);
}

/** A statement that has the new password in it: its own rules may refuse it. */
async function setting(entry: Entry, statement: string, values: readonly string[]) {
  try {
    await entry.connection.ask(statement, values);
  } catch (error) {
    if (isRefusal(error, 'verifier')) throw error;
    if (isRefusal(error, 'missing right')) throw missingRight(entry, statement, error);
    throw passwordChangeError(error, { ...entry.login, username: entry.user });
  }
}

function missingRight({ login, pair }: Entry, statement: string, cause: unknown): SuperuserRefused {
  return new SuperuserRefused(
    `${login.username} may not do at ${login.host}:${login.port} what letting another user in takes (${nameOf(statement)}). Let a more powerful user grant ${login.username} CREATE USER ON *.*, SELECT ON mysql.*, and WITH GRANT OPTION whatever ${pair.first} may; then let the rotation repeat.`,
    { cause },
  );
}

/** An anonymous account, or one for another host, would take a login that was meant for this one. */
async function accountHost(connection: MysqlConnection, login: DatabaseLogin): Promise<string> {
  const account = await currentAccount(connection.ask, login);
  if (account.user === login.username) return account.host;
  throw new AlternateRefused(
    `${login.username} logs in at ${login.host}:${login.port}, but as the account ${account.user}@${account.host}. Nothing was changed. Drop that account, or narrow its host.`,
  );
}

function nameOf(statement: string): string {
  return statement.split(' ').slice(0, 2).join(' ');
}
