import { Socket } from 'node:net';
import pg from 'pg';
import { DatabaseRefused, type RotationError } from '../errors.ts';
import type { Sensitive } from '../secrets/sensitive.ts';
import type { DatabaseLogin, TimeLimit } from './engine.ts';
import { connectError, emptyPassword, statementError } from './postgres-errors.ts';
import { GuardedConnection } from './postgres-guarded-connection.ts';
import { md5Verifier, saslPrepared, scramVerifier } from './postgres-verifier.ts';

/** A connection that takes longer than this is not worth waiting for. */
const CONNECT_MS = 5_000;
/** Kept back from each statement, to hang up and to say what was slow. */
const SPARE_MS = 1_000;

/**
 * A user may set scram_iterations to 2^31 for itself, which would tie up a thread of the function for an hour. A million
 * take 0.2 s of a processor, and about 1 s of a function with 256 MB.
 */
const MOST_ITERATIONS = 1_000_000;

export interface PostgresConnection {
  readonly login: DatabaseLogin;
  /** Not where pg_hba.conf says `trust`, for one. */
  readonly passwordAsked: boolean;
  /** Sends one or more statements as one message, and gives the rows of the last one. */
  ask(text: string, explain?: (error: unknown, login: DatabaseLogin) => RotationError): Promise<readonly unknown[]>;
  identifier(name: string): string;
  literal(value: string): string;
  close(): Promise<void>;
}

/** Throws like `Engine.connect`. */
export async function connectPostgres(login: DatabaseLogin, limit: TimeLimit): Promise<PostgresConnection> {
  const socket = new Socket();
  let passwordAsked = false;
  const ssl = login.tls !== 'off' && {
    rejectUnauthorized: true,
    ...(login.tls !== 'verified' && { ca: login.tls.authorities }),
  };
  const settings = {
    host: login.host,
    port: login.port,
    database: login.database,
    user: login.username,
    // Called when the server asks for it.
    password: () => {
      passwordAsked = true;
      return login.password.reveal();
    },
    ssl,
    // Behind verified TLS the server is the one that is meant, and pg_hba.conf may want the password itself.
    connection: new GuardedConnection({ stream: () => socket, ssl }, login.tls !== 'off'),
    connectionTimeoutMillis: Math.max(1, Math.min(CONNECT_MS, limit.remaining())),
    query_timeout: Math.max(1, limit.remaining() - SPARE_MS),
    application_name: 'secret-rotation',
    scramMaxIterations: MOST_ITERATIONS,
  };
  const client = new pg.Client(settings);
  // Without a listener, a connection that breaks between two queries would end the process; the next query reports it.
  client.on('error', () => {});
  const timeIsUp = () => socket.destroy(new Error('timeout: the step ends'));
  limit.signal.addEventListener('abort', timeIsUp, { once: true });
  const release = () => {
    limit.signal.removeEventListener('abort', timeIsUp);
    socket.destroy();
  };
  try {
    await client.connect();
  } catch (error) {
    release();
    throw connectError(error, login);
  }

  return {
    login,
    passwordAsked,
    identifier: (name) => client.escapeIdentifier(name),
    literal: (value) => client.escapeLiteral(value),

    async ask(text, explain = statementError) {
      try {
        const answer: pg.QueryResult | readonly pg.QueryResult[] = await client.query(text);
        return (Array.isArray(answer) ? answer.at(-1) : answer)?.rows ?? [];
      } catch (error) {
        throw explain(error, login);
      }
    },

    async close() {
      // Terminate needs no reply, and a server that has gone away must not delay the answer.
      const { promise: patience, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, SPARE_MS / 4);
      await Promise.race([client.end().catch(() => {}), patience]);
      clearTimeout(timer);
      release();
    },
  };
}

/** What makes a verifier of a password, as the server says. */
export const VERIFIER_SETTINGS = `pg_catalog.current_setting('password_encryption') AS encryption,
  coalesce(pg_catalog.current_setting('scram_iterations', true), '4096') AS iterations`;

/**
 * Of the kind that the server's `password_encryption` names, so that the password itself never stands in SQL.
 *
 * @param settings a row of `SELECT` with VERIFIER_SETTINGS
 * @throws CandidateRefused for a password that the server would take for none
 */
export async function verifierFor(
  settings: unknown,
  username: string,
  password: Sensitive,
  login: DatabaseLogin,
): Promise<Sensitive> {
  const { encryption, iterations } = parseSettings(settings);
  if (encryption === 'scram-sha-256') {
    if (!(iterations >= 1 && iterations <= MOST_ITERATIONS)) throw tooManyIterations(username, iterations, login);
    // The server would take its verifier for that of an empty password, and leave the user without any.
    if (saslPrepared(password.reveal()) === '') throw emptyPassword(username, login);
    return await scramVerifier(password, iterations);
  }
  if (encryption === 'md5') return md5Verifier(password, username);
  throw new DatabaseRefused(
    `PostgreSQL at ${login.host}:${login.port} has password_encryption = ${encryption}, which is not known here. Set it to scram-sha-256.`,
  );
}

function tooManyIterations(username: string, iterations: number, login: DatabaseLogin): DatabaseRefused {
  return new DatabaseRefused(
    `PostgreSQL at ${login.host}:${login.port} has scram_iterations = ${iterations} for ${username}, and at most ${MOST_ITERATIONS} are computed here. Nothing was changed. Lower it: ALTER ROLE ${pg.escapeIdentifier(username)} RESET scram_iterations; or in postgresql.conf.`,
  );
}

function parseSettings(row: unknown): { encryption: string; iterations: number } {
  if (typeof row !== 'object' || row === null || !('encryption' in row) || !('iterations' in row)) {
    throw new DatabaseRefused(
      'PostgreSQL did not tell its password_encryption. Check that the endpoint is a PostgreSQL server.',
    );
  }
  return { encryption: String(row.encryption), iterations: Number(row.iterations) };
}
