import {
  CandidateRefused,
  DatabaseRefused,
  LoginRefused,
  PasswordChangeForbidden,
  type RotationError,
  TlsRefused,
  Unreachable,
} from '../errors.ts';
import { type ErrorParts, errorParts, noTls, tlsFailure, unreachable } from './connection-errors.ts';
import type { DatabaseLogin } from './engine.ts';
import { AnsweredBeforeTls } from './mysql-connection.ts';
import { remedy } from './mysql-remedies.ts';

// Error numbers: https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html,
// https://mariadb.com/docs/server/reference/error-codes, and misc/errors.js of the driver for those from 45000.
const ACCESS_DENIED = 1045;
const RUNS_WITH_OPTION = 1290;
const SYNTAX = [1064, 1149];
const EXPIRED = [1820, 1862];
const NO_TLS_AT_SERVER = 45_023;
/** The driver's: a key is not asked for where the password is too long for it. */
const NO_RSA_KEY = 45_044;
const NO_COMMON_PROOF = [1251, 1524, 2061, 45_025, NO_RSA_KEY, 45_047, 45_064];
/** Too many connections, out of resources, shutting down, broken packets, killed, read-only while it fails over. */
const CANNOT_SERVE_NOW = [
  1037, 1038, 1040, 1041, 1042, 1043, 1053, 1077, 1078, 1079, 1080, 1105, 1135, 1152, 1153, 1154, 1155, 1156, 1157,
  1158, 1159, 1160, 1161, 1203, 1205, 1213, 1317, 1792, 1836, 1927, 3024, 3032, 3169,
];
/** The password rules of validate_password, simple_password_check and the like, and of the password history. */
const REFUSED_BY_RULE = [1819, 3638];
/** Anonymous, without privilege at all, or with a plugin that keeps no password here. */
const MAY_NOT_CHANGE = [1044, 1131, 1132, 1142, 1227, 1699];

/** No privilege for an account, a grant, a table, a column, a routine, in general, or to create users by granting. */
const MISSING_RIGHT = [1044, 1045, 1142, 1143, 1370, 1227, 1410];

/** What the driver says no to, where that is not the end of it. */
export function isRefusal(
  error: unknown,
  of:
    | 'verifier'
    | 'method'
    | 'current password missing'
    | 'not the first password'
    | 'password expired'
    | 'missing right'
    | 'password rule'
    | 'no such account',
): boolean {
  const { number, message } = partsOf(error);
  switch (of) {
    case 'verifier':
      return number === RUNS_WITH_OPTION && message.includes('strict-password-validation');
    case 'method':
      return number === 1699;
    case 'current password missing':
      return number === 3892;
    case 'not the first password':
      return number === 3891;
    case 'password expired':
      return EXPIRED.includes(number);
    case 'password rule':
      return REFUSED_BY_RULE.includes(number);
    case 'no such account':
      return number === 1396;
    case 'missing right':
      return MISSING_RIGHT.includes(number);
  }
}

/**
 * An expired password proves itself, but its session does not tell which account it has opened: then no host, which is none of any account.
 *
 * @throws whatever else goes wrong
 */
export async function hostUnlessExpired(host: Promise<string>): Promise<string> {
  try {
    return await host;
  } catch (error) {
    if (error instanceof DatabaseRefused && isRefusal(error.cause, 'password expired')) return '';
    throw error;
  }
}

/** What came of trying to log in. */
export function connectError(error: unknown, login: DatabaseLogin): RotationError {
  if (error instanceof AnsweredBeforeTls) return answeredBeforeTls(error, login);
  const parts = partsOf(error);
  const { number, message } = parts;
  const options = { cause: error };
  const where = placeOf(login);
  if (number === ACCESS_DENIED) {
    const tls =
      login.tls === 'off'
        ? 'one that requires TLS (then remove "ssl": false), '
        : 'one that requires a certificate of the client (then ALTER USER … REQUIRE SSL, as a superuser), ';
    return new LoginRefused(
      `${where} refuses the password of ${login.username} (${message}). It says the same of an account that is not there, ${tls}and one that is for other hosts than this function's (then RENAME USER, as a superuser).`,
      options,
    );
  }
  if (number === 3159) {
    return new TlsRefused(
      `${where} takes connections over TLS only (${message}). Remove "ssl": false from the secret.`,
      options,
    );
  }
  if (number === NO_TLS_AT_SERVER) return noTls(where, error);
  const distrust = tlsFailure(where, parts, error);
  if (distrust) return distrust;
  if (number === NO_RSA_KEY && login.tls === 'off') {
    return new DatabaseRefused(
      `${where} cannot be shown a password as long as that of ${login.username} without TLS. Remove "ssl": false from the secret; or as a superuser set a shorter password, and store it in AWSCURRENT.`,
      options,
    );
  }
  if (NO_COMMON_PROOF.includes(number)) {
    return new DatabaseRefused(
      `${where} and the driver do not agree on how ${login.username} logs in (${message}). Give the account a plugin that proves a password without showing it, such as caching_sha2_password or ed25519, with the password of AWSCURRENT.`,
      options,
    );
  }
  return statementError(error, login);
}

/** Nothing that comes in clear where TLS is wanted says anything of a password. */
function answeredBeforeTls({ cause }: AnsweredBeforeTls, login: DatabaseLogin): RotationError {
  const { number, message } = partsOf(cause);
  if (!isServers(number)) return connectError(cause, login);
  return new Unreachable(
    `${placeOf(login)} answered before TLS was agreed (${number}: ${message}), which anybody on the way could have said in its place. If it was the server: ${remedy(number, message, login)}`,
    { cause },
  );
}

/** What came of a statement other than the change of a password. */
export function statementError(error: unknown, login: DatabaseLogin): RotationError {
  const parts = partsOf(error);
  const { number, message } = parts;
  const where = placeOf(login);
  const options = { cause: error };
  if (!isServers(number)) return unreachable(where, parts, error);
  if (CANNOT_SERVE_NOW.includes(number) || (number === RUNS_WITH_OPTION && /read.only/i.test(message))) {
    return new Unreachable(
      `${where} cannot serve now (${number}: ${message}). Check its state and its connection limit, and that the secret's host is the writer, since a replica cannot change passwords; the rotation can be repeated.`,
      options,
    );
  }
  return new DatabaseRefused(
    `${where} refuses ${login.username} for another reason than the password (${number}: ${message}). ${remedy(number, message, login)}`,
    options,
  );
}

/** What came of changing the own password. A statement that the server answers with a password rule has changed nothing. */
export function passwordChangeError(error: unknown, login: DatabaseLogin): RotationError {
  const { number, message } = partsOf(error);
  const where = placeOf(login);
  const options = { cause: error };
  if (SYNTAX.includes(number)) {
    // The server quotes what it does not understand, which may be the password: neither message nor cause may leave.
    return new DatabaseRefused(
      `${where} does not understand how a password is changed there (${number}). Check that it is MySQL 8, Aurora MySQL or MariaDB 10.4, or later.`,
    );
  }
  if (REFUSED_BY_RULE.includes(number)) {
    return new CandidateRefused(
      `The password rules of ${where} refuse the new password of ${login.username} (${number}: ${message}). The old one still works. Adapt the secret's tags rotation:length and rotation:charset or the function's password settings to the rule, or the rule to them, then rotate again.`,
      options,
    );
  }
  if (MAY_NOT_CHANGE.includes(number)) {
    return new PasswordChangeForbidden(
      `${where} does not let ${login.username} change its own password (${number}: ${message}). Give it an account of its own name whose plugin keeps a password, or rotate it through a superuser.`,
      options,
    );
  }
  return statementError(error, login);
}

function placeOf({ host, port, database }: DatabaseLogin): string {
  return `MySQL at ${host}:${port}${database === '' ? '' : `/${database}`}`;
}

/** The driver numbers its own errors from 45000; Node's have negative numbers. */
function isServers(number: number): boolean {
  return number > 0 && number < 45_000;
}

/** The driver's `message` repeats the statement; `sqlMessage` is what the server said. */
function partsOf(error: unknown): ErrorParts & { readonly number: number } {
  const { code, message } = errorParts(error);
  if (!(error instanceof Error)) return { number: 0, code, message };
  const said = 'sqlMessage' in error && typeof error.sqlMessage === 'string' ? error.sqlMessage : '';
  return {
    number: 'errno' in error && typeof error.errno === 'number' ? error.errno : 0,
    code,
    message: said || message,
  };
}
