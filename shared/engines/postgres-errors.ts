import pg from 'pg';
import {
  CandidateRefused,
  DatabaseRefused,
  LoginRefused,
  PasswordChangeForbidden,
  type RotationError,
  TlsRefused,
  Unreachable,
} from '../errors.ts';
import type { DatabaseLogin } from './engine.ts';

// SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
const INVALID_PASSWORD = '28P01';
const INVALID_AUTHORIZATION = '28000';
const INSUFFICIENT_PRIVILEGE = '42501';
const READ_ONLY_TRANSACTION = '25006';
/** Connection exceptions, too many connections, starting up or shutting down, and damage that a repeat may heal. */
const CANNOT_SERVE_NOW = /^(08|53|55|57|58|XX|40)/;
/** How password rules refuse: invalid values, authorization, unsupported form, and what a check raises itself. */
const REFUSED_BY_RULE = /^(22|23|28|0A|P0)/;

const TLS_FAILURE =
  /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|EPROTO)|INVALID_CA|INVALID_PURPOSE|CRL_/;

/** What came of trying to log in. */
export function connectError(error: unknown, login: DatabaseLogin): RotationError {
  const { sqlState, code, message } = partsOf(error);
  const options = { cause: error };
  const where = placeOf(login);
  if (sqlState === INVALID_PASSWORD) {
    return new LoginRefused(`${where} refuses the password of ${login.username}.`, options);
  }
  if (sqlState !== '') {
    if (CANNOT_SERVE_NOW.test(sqlState)) {
      return new Unreachable(
        `${where} cannot serve now (${code}: ${message}). Check its state and its connection limit; the rotation can be repeated.`,
        options,
      );
    }
    return new DatabaseRefused(
      `${where} refuses ${login.username} for another reason than the password (${code}: ${message}). ${remedy(code, login)}`,
      options,
    );
  }
  if (message.includes('establishing an SSL')) {
    return new Unreachable(
      `${where} answers the request for TLS unlike a PostgreSQL server. Check the secret's port, and the server's log.`,
      options,
    );
  }
  if (message.includes('does not support SSL')) {
    return new TlsRefused(
      `${where} offers no TLS. Switch TLS on at the server; only if the network itself is trusted, put "ssl": false into the secret.`,
      options,
    );
  }
  if (TLS_FAILURE.test(code) || /certificate/i.test(message)) {
    return new TlsRefused(
      `The TLS certificate of ${where} cannot be trusted (${code}: ${message}). Name the host as its certificate does, and name its authority in NODE_EXTRA_CA_CERTS (on Lambda, for RDS: /var/runtime/ca-cert.pem).`,
      options,
    );
  }
  if (message.startsWith('SASL')) {
    return new DatabaseRefused(
      `${where} and the driver do not agree on how ${login.username} logs in (${message}). Check the server's pg_hba.conf and password_encryption.`,
      options,
    );
  }
  return unreachable(error, login);
}

/** What came of a statement other than the change of a password. */
export function statementError(error: unknown, login: DatabaseLogin): RotationError {
  const { sqlState, message } = partsOf(error);
  if (sqlState === '' || CANNOT_SERVE_NOW.test(sqlState)) return unreachable(error, login);
  return new DatabaseRefused(
    `${placeOf(login)} refuses a statement of ${login.username} (${sqlState}: ${message}). ${remedy(sqlState, login)}`,
    { cause: error },
  );
}

/** What came of `ALTER ROLE … PASSWORD`. A statement that the server answers with an error has changed nothing. */
export function passwordChangeError(error: unknown, login: DatabaseLogin): RotationError {
  const { sqlState, message } = partsOf(error);
  const where = placeOf(login);
  if (sqlState === INSUFFICIENT_PRIVILEGE) {
    return new PasswordChangeForbidden(
      `${where} does not let ${login.username} change its own password (${message}). On RDS with rds.restrict_password_commands, grant it rds_password: GRANT rds_password TO ${pg.escapeIdentifier(login.username)}; or rotate it through a superuser.`,
      { cause: error },
    );
  }
  if (REFUSED_BY_RULE.test(sqlState)) {
    return new CandidateRefused(
      `The password rules of ${where} refuse the new password of ${login.username} (${sqlState}: ${message}). The old one still works. Adapt the secret's tags rotation:length and rotation:charset or the function's password settings to the rule, or the rule to passwords that arrive as verifiers, then rotate again.`,
      { cause: error },
    );
  }
  return statementError(error, login);
}

/** A password of characters that SCRAM ignores, such as U+FEFF alone. */
export function emptyPassword(username: string, login: DatabaseLogin): CandidateRefused {
  return new CandidateRefused(
    `The new password of ${username} consists of characters that ${placeOf(login)} ignores, so it is no password. The old one still works. Rotate again: a generated password has no such characters.`,
  );
}

function unreachable(error: unknown, login: DatabaseLogin): Unreachable {
  const { code, message } = partsOf(error);
  return new Unreachable(`${placeOf(login)} ${whatHappened(code, message)}`, { cause: error });
}

function whatHappened(code: string, message: string): string {
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `cannot be found: its name does not resolve (${code}). Check the secret's host, and the DNS of the function's VPC.`;
    case 'ECONNREFUSED':
      return `refuses connections (${code}). Check that the server runs and that the secret's port is right.`;
    case '':
      return /timeout/i.test(message)
        ? `did not answer in time (${message}). Check security groups, routes and the secret's host; if the server is only slow, raise the function's timeout.`
        : `broke the connection (${message}). Check the server's log; the rotation can be repeated.`;
    default:
      return `did not answer as it should (${code}: ${message}). Check network and server; the rotation can be repeated.`;
  }
}

function remedy(sqlState: string, login: DatabaseLogin): string {
  switch (sqlState) {
    case INVALID_AUTHORIZATION:
      return login.tls === 'off'
        ? 'Let the user log in, and check pg_hba.conf; if the server wants TLS (rds.force_ssl), remove "ssl": false from the secret.'
        : 'Let the user log in (ALTER ROLE … LOGIN), and check pg_hba.conf.';
    case '3D000':
      return "Check the secret's dbname.";
    case INSUFFICIENT_PRIVILEGE:
      return `Grant what is missing, such as CONNECT on database ${login.database}.`;
    case READ_ONLY_TRANSACTION:
      return 'Name the primary (the writer endpoint) as host: a replica cannot change passwords.';
    default:
      return "Look the code up in PostgreSQL's list of error codes.";
  }
}

function placeOf({ host, port, database }: DatabaseLogin): string {
  return `PostgreSQL at ${host}:${port}/${database}`;
}

/** Node reports several addresses that all failed as one AggregateError without a message. */
function partsOf(error: unknown): { sqlState: string; code: string; message: string } {
  if (!(error instanceof Error)) return { sqlState: '', code: '', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return {
    sqlState: error instanceof pg.DatabaseError ? code : '',
    code,
    message: error.message || code || error.name,
  };
}
