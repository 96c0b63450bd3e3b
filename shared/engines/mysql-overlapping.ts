import { CandidateRefused, DatabaseRefused, PasswordChangeForbidden, SuperuserRefused } from '../errors.ts';
import type { Sensitive } from '../secrets/sensitive.ts';
import type { DatabaseLogin } from './engine.ts';
import { mysql, openSession, unlessAccepted } from './mysql.ts';
import { type AuthenticationMethod, accountName, authenticationMethods, firstText, PREPARE } from './mysql-account.ts';
import { alterUser } from './mysql-alter-user.ts';
import type { MysqlConnection } from './mysql-connection.ts';
import { hostUnlessExpired, isRefusal, passwordChangeError, statementError } from './mysql-errors.ts';
import { changeKeepingOwn, endKept, overlapBy } from './mysql-own-overlap.ts';
import { keepsPassword } from './mysql-own-password.ts';
import { verifierOf } from './mysql-verifiers.ts';
import type { Account, OverlappingEngine } from './overlapping-engine.ts';

/** MySQL lets an account keep its own second password; MariaDB has alternative methods, for a superuser to set. */
export const mysqlOverlapping: OverlappingEngine = {
  ...mysql,

  async connect(login, limit) {
    const { connection, session } = await openSession(login, limit);
    return {
      ...session,
      overlapBy: () => overlapBy(connection, login),
      accountHost: () => hostUnlessExpired(accountHost(connection, login)),
      changeKeepingOwn: (password) =>
        unlessAccepted(changeKeepingOwn(connection, login, password), {
          ...{ connection, login, password, limit },
          keepsOld: true,
        }),
      endKept: () => endKept(connection, login),
      givePasswords: (account, candidate, kept) => givePasswords(connection, login, account, candidate, kept),
    };
  },
};

type Asking = Pick<MysqlConnection, 'ask'>;

/** An anonymous account takes logins of any name: its password is not this user's. */
async function accountHost({ ask }: Asking, login: DatabaseLogin): Promise<string> {
  const [row] = await ask('SELECT CURRENT_USER() AS account').catch((error: unknown) => {
    throw statementError(error, login);
  });
  const account = String(row?.['account']);
  const at = account.lastIndexOf('@');
  if (account.slice(0, at) === login.username) return account.slice(at + 1);
  throw new PasswordChangeForbidden(
    `${login.username} logs in at ${login.host}:${login.port}, but as the account ${account}. Nothing was changed. Drop that account, or narrow its host.`,
  );
}

/**
 * `IDENTIFIED VIA … OR …`, from MariaDB 10.4 on: each of the methods lets the user in.
 * https://mariadb.com/docs/server/reference/sql-statements/account-management-sql-statements/alter-user
 */
async function givePasswords(
  { ask }: Asking,
  login: DatabaseLogin,
  account: Account,
  candidate: Sensitive,
  kept: Sensitive | undefined,
): Promise<string | undefined> {
  const accounts = await read(ask, login, account);
  const set = async (passwords: readonly Sensitive[], form: 'verifiers' | 'in clear') => {
    const parts = accounts.map((one) => identified(one, passwords, form));
    await alterUser(
      ask,
      parts.map(({ clause }) => clause).join(', '),
      parts.flatMap(({ values }) => values),
    );
  };
  const as = { ...login, username: account.user };
  const both = kept ? [candidate, kept] : [candidate];
  try {
    await set(both, 'verifiers').catch(async (error: unknown) => {
      // Where the server checks passwords, it wants to see them.
      if (!isRefusal(error, 'verifier')) throw error;
      await set(both, 'in clear');
    });
    return undefined;
  } catch (error) {
    if (isRefusal(error, 'missing right')) throw missingRight(login, error);
    const refusal = passwordChangeError(error, as);
    if (!kept || !(refusal instanceof CandidateRefused)) throw refusal;
  }
  // The rules may be against the old password, which was used before.
  try {
    await set([candidate], 'in clear');
    return `the password rules of ${login.host}:${login.port} let ${account.user} not have its old password beside the new one. Adapt them, or remove the tag.`;
  } catch (error) {
    throw passwordChangeError(error, as);
  }
}

interface Known {
  readonly name: string;
  readonly methods: readonly AuthenticationMethod[];
}

async function read(
  ask: MysqlConnection['ask'],
  login: DatabaseLogin,
  { user, proof }: Account,
): Promise<readonly Known[]> {
  try {
    await ask(PREPARE);
    const rows = await ask("SELECT Host AS host FROM mysql.user WHERE User = ? AND Host <> '' ORDER BY Host", [user]);
    const known = [];
    for (const { host } of rows) {
      const name = accountName(user, String(host));
      const [created] = await ask(`SHOW CREATE USER ${name}`);
      const methods = authenticationMethods(firstText(created));
      if (!proof || proof.host === host || methods?.some((method) => isOf(method, proof.password))) {
        known.push({ name, methods: requirePassword(methods, name) });
      }
    }
    if (known.length === 0) {
      throw new DatabaseRefused(
        `No account of ${user} at ${login.host}:${login.port} is known to have the password of AWSCURRENT. Nothing was changed. Look at the accounts of that name (SELECT User, Host FROM mysql.user), and set the password of AWSCURRENT for the one that the secret is for.`,
      );
    }
    return known;
  } catch (error) {
    if (error instanceof PasswordChangeForbidden || error instanceof DatabaseRefused) throw error;
    throw isRefusal(error, 'missing right') ? missingRight(login, error) : statementError(error, login);
  }
}

function isOf({ plugin, stored }: AuthenticationMethod, password: Sensitive): boolean {
  return verifierOf(plugin, password)?.reveal() === stored;
}

function requirePassword(
  methods: readonly AuthenticationMethod[] | undefined,
  name: string,
): readonly AuthenticationMethod[] {
  if (methods?.some(keepsPassword)) return methods;
  const told = methods?.map(({ plugin }) => plugin).join(', ') ?? 'not understood here';
  throw new PasswordChangeForbidden(
    `${name} logs in without a password of its own (${told}): there is nothing to rotate here. Nothing was changed.`,
  );
}

/** The passwords stand where the first one stood; what is no password, such as unix_socket, stays. */
function identified({ name, methods }: Known, passwords: readonly Sensitive[], form: 'verifiers' | 'in clear') {
  const first = methods.findIndex(keepsPassword);
  const parts = methods.flatMap((method, index) => {
    if (!keepsPassword(method)) return [asItIs(method)];
    return index === first ? passwords.map((password) => provenBy(method.plugin, password, form)) : [];
  });
  return {
    clause: `${name} IDENTIFIED VIA ${parts.map(({ clause }) => clause).join(' OR ')}`,
    values: parts.flatMap(({ values }) => values),
  };
}

function asItIs({ plugin, stored }: AuthenticationMethod) {
  return stored === '' ? { clause: plugin, values: [] } : { clause: `${plugin} USING ?`, values: [stored] };
}

function provenBy(plugin: string, password: Sensitive, form: 'verifiers' | 'in clear') {
  const verifier = form === 'verifiers' ? verifierOf(plugin, password) : undefined;
  return {
    clause: `${plugin} USING ${verifier ? '?' : 'PASSWORD(?)'}`,
    values: [(verifier ?? password).reveal()],
  };
}

function missingRight({ username, host, port }: DatabaseLogin, cause: unknown): SuperuserRefused {
  return new SuperuserRefused(
    `${username} may not give another user passwords at ${host}:${port}. Nothing was changed. GRANT CREATE USER ON *.*, and GRANT SELECT ON mysql.*, to it; then let the rotation repeat.`,
    { cause },
  );
}
