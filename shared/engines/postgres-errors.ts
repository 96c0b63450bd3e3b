import pg from 'pg';
import {
  CandidateRefused,
  DatabaseRefused,
  LoginRefused,
  PasswordChangeForbidden,
  type RotationError,
  Unreachable,
} from '../errors.ts';
import { type ErrorParts, errorParts, noTls, tlsFailure, unreachable } from './connection-errors.ts';
import type { DatabaseLogin } from './engine.ts';
import { ClearPasswordAsked } from './postgres-messages.ts';

// SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
const INVALID_PASSWORD = '28P01';
const INVALID_AUTHORIZATION = '28000';
const INSUFFICIENT_PRIVILEGE = '42501';
const READ_ONLY_TRANSACTION = '25006';
/** Connection exceptions, too many connections, starting up or shutting down, and damage that a repeat may heal. */
const CANNOT_SERVE_NOW = /^(08|53|55|57|58|XX|40)/;
/** How password rules refuse: invalid values, authorization, unsupported form, and what a check raises itself. */
const REFUSED_BY_RULE = /^(22|23|28|0A|P0)/;

/** What came of trying to log in. */
export function connectError(error: unknown, login: DatabaseLogin): RotationError {
  const parts = partsOf(error);
  const { sqlState, message } = parts;
  const options = { cause: error };
  const where = placeOf(login);
  if (sqlState === INVALID_PASSWORD) {
    return new LoginRefused(
      `${where} refuses the password of ${login.username}. It says the same of a role that is not there, of one without a password, and of one whose VALID UNTIL has passed; this tells: SELECT rolvaliduntil FROM pg_roles WHERE rolname = ${pg.escapeLiteral(login.username)}. If it has passed: ALTER ROLE ${pg.escapeIdentifier(login.username)} VALID UNTIL 'infinity', as a superuser.`,
      options,
    );
  }
  if (sqlState !== '') {
    if (CANNOT_SERVE_NOW.test(sqlState)) return cannotServe(where, parts, error);
    return new DatabaseRefused(
      `${where} refuses ${login.username} for another reason than the password (${sqlState}: ${message}). ${remedy(parts, login)}`,
      options,
    );
  }
  if (message.includes('establishing an SSL')) {
    return new Unreachable(
      `${where} answers the request for TLS unlike a PostgreSQL server. Check the secret's port, and the server's log.`,
      options,
    );
  }
  if (message.includes('does not support SSL')) return noTls(where, error);
  const distrust = tlsFailure(where, parts, error);
  if (distrust) return distrust;
  if (error instanceof ClearPasswordAsked) {
    return new DatabaseRefused(
      `${where} asks ${login.username} for the password in clear, and the secret says "ssl": false, so everybody on the way could read it. Nothing was sent. Remove "ssl": false from the secret; or have pg_hba.conf say scram-sha-256 for this user in the place of password.`,
      options,
    );
  }
  if (/scramMaxIterations/.test(message)) {
    return new DatabaseRefused(
      `${where} wants more iterations of ${login.username} than are computed here (${message}). As a superuser set scram_iterations to 1,000,000 at most, then set the user's password to the one in the secret again.`,
      options,
    );
  }
  if (message.startsWith('SASL')) {
    return new DatabaseRefused(
      `${where} and the driver do not agree on how ${login.username} logs in (${message}). Check the server's pg_hba.conf and password_encryption.`,
      options,
    );
  }
  return unreachable(where, parts, error);
}

/** What came of a statement other than the change of a password. */
export function statementError(error: unknown, login: DatabaseLogin): RotationError {
  const parts = partsOf(error);
  const { sqlState, message } = parts;
  const where = placeOf(login);
  if (sqlState === '') return unreachable(where, parts, error);
  if (CANNOT_SERVE_NOW.test(sqlState)) return cannotServe(where, parts, error);
  return new DatabaseRefused(
    `${where} refuses a statement of ${login.username} (${sqlState}: ${message}). ${remedy(parts, login)}`,
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

function cannotServe(where: string, { code, message }: ErrorParts, cause: unknown): Unreachable {
  return new Unreachable(
    `${where} cannot serve now (${code}: ${message}). Check its state and its connection limit; the rotation can be repeated.`,
    { cause },
  );
}

function remedy({ sqlState, message }: Parts, login: DatabaseLogin): string {
  const role = pg.escapeIdentifier(login.username);
  switch (sqlState) {
    case INVALID_AUTHORIZATION:
      if (/not permitted to log in/.test(message)) return `If it shall be rotated: ALTER ROLE ${role} LOGIN.`;
      return login.tls === 'off'
        ? 'If the server wants TLS (rds.force_ssl, hostssl in pg_hba.conf), remove "ssl": false from the secret; otherwise let pg_hba.conf ask this user for a password from the address of this function.'
        : 'Let pg_hba.conf ask this user for a password from the address of this function, over TLS.';
    case '3D000':
      return "Check the secret's dbname.";
    case INSUFFICIENT_PRIVILEGE:
      return /for database/.test(message)
        ? `GRANT CONNECT ON DATABASE ${pg.escapeIdentifier(login.database)} TO ${role}.`
        : 'Grant it what the message says is missing.';
    case READ_ONLY_TRANSACTION:
      return 'Name the primary (the writer endpoint) as host: a replica cannot change passwords.';
    default:
      return "Look the code up in PostgreSQL's list of error codes.";
  }
}

function placeOf({ host, port, database }: DatabaseLogin): string {
  return `PostgreSQL at ${host}:${port}/${database}`;
}

interface Parts extends ErrorParts {
  readonly sqlState: string;
}

function partsOf(error: unknown): Parts {
  const parts = errorParts(error);
  return { ...parts, sqlState: error instanceof pg.DatabaseError ? parts.code : '' };
}
