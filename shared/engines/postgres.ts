import { Socket } from 'node:net';
import pg from 'pg';
import { DatabaseRefused } from '../errors.ts';
import type { Sensitive } from '../secrets/sensitive.ts';
import type { DatabaseLogin, Engine, Session } from './engine.ts';
import { connectError, emptyPassword, passwordChangeError, statementError } from './postgres-errors.ts';
import { md5Verifier, saslPrepared, scramVerifier } from './postgres-verifier.ts';

/** A connection that takes longer than this is not worth waiting for. */
const CONNECT_MS = 5_000;
/** Kept back from each statement, to hang up and to say what was slow. */
const SPARE_MS = 1_000;

export const postgres: Engine = {
  name: 'PostgreSQL',
  engineNames: ['postgres', 'postgresql', 'aurora-postgresql'],
  defaultPort: 5432,
  defaultDatabase: 'postgres',
  longestUserName: 63,

  async connect(login, limit) {
    const socket = new Socket();
    const settings = {
      host: login.host,
      port: login.port,
      database: login.database,
      user: login.username,
      password: login.password.reveal(),
      ssl: login.tls === 'verified' ? { rejectUnauthorized: true } : false,
      stream: () => socket,
      connectionTimeoutMillis: Math.max(1, Math.min(CONNECT_MS, limit.remaining())),
      query_timeout: Math.max(1, limit.remaining() - SPARE_MS),
      application_name: 'secret-rotation',
      // The driver would refuse servers with scram_iterations above 100,000: the one that has just been given a password.
      scramMaxIterations: 0,
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
    return session(client, login, release);
  },
};

function session(client: pg.Client, login: DatabaseLogin, release: () => void): Session {
  /** Sends one or more statements as one message, and gives the rows of the last one. */
  async function ask(text: string, explain: typeof statementError): Promise<readonly unknown[]> {
    try {
      const answer: pg.QueryResult | readonly pg.QueryResult[] = await client.query(text);
      return (Array.isArray(answer) ? answer.at(-1) : answer)?.rows ?? [];
    } catch (error) {
      throw explain(error, login);
    }
  }

  return {
    async probe() {
      await ask('SELECT 1', statementError);
    },

    async changeOwnPassword(password) {
      // A default role, or read-only transactions by default, would otherwise stand between the user and its password;
      // and a search path of its own could put other functions in the place of the server's.
      const [setting] = await ask(
        `SET ROLE NONE; SET default_transaction_read_only = off;
         SELECT pg_catalog.current_setting('password_encryption') AS encryption,
                coalesce(pg_catalog.current_setting('scram_iterations', true), '4096') AS iterations`,
        statementError,
      );
      const verifier = await verifierFor(setting, password, login);
      await ask(`ALTER ROLE SESSION_USER PASSWORD ${client.escapeLiteral(verifier.reveal())}`, passwordChangeError);
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

/** Of the kind that the server's `password_encryption` names, so that the password itself never stands in SQL. */
async function verifierFor(setting: unknown, password: Sensitive, login: DatabaseLogin): Promise<Sensitive> {
  const { encryption, iterations } = parseSetting(setting);
  if (encryption === 'scram-sha-256') {
    // The server would take its verifier for that of an empty password, and leave the user without any.
    if (saslPrepared(password.reveal()) === '') throw emptyPassword(login);
    return await scramVerifier(password, iterations);
  }
  if (encryption === 'md5') return md5Verifier(password, login.username);
  throw new DatabaseRefused(
    `PostgreSQL at ${login.host}:${login.port} has password_encryption = ${encryption}, which is not known here. Set it to scram-sha-256.`,
  );
}

function parseSetting(row: unknown): { encryption: string; iterations: number } {
  if (typeof row !== 'object' || row === null || !('encryption' in row) || !('iterations' in row)) {
    throw new DatabaseRefused(
      'PostgreSQL did not tell its password_encryption. Check that the endpoint is a PostgreSQL server.',
    );
  }
  return { encryption: String(row.encryption), iterations: Number(row.iterations) };
}
