import { isIP } from 'node:net';
import { checkServerIdentity, createSecureContext, type PeerCertificate } from 'node:tls';
import { createConnection } from 'mariadb/callback';
import type { DatabaseLogin, TimeLimit, Tls } from './engine.ts';
import { GuardedSocket } from './mysql-guarded-socket.ts';
import { isProvedByRsa } from './mysql-limits.ts';

/** A connection that takes longer than this is not worth waiting for. */
const CONNECT_MS = 5_000;
/** Kept back from each statement, to hang up and to say what was slow. */
const SPARE_MS = 1_000;
/** How often the size of an answer is looked at. */
const LOOK_MS = 20;

/**
 * Ways to log in that prove the password without showing it to whoever listens. Servers can also ask for it in clear
 * (`mysql_clear_password`, `dialog`), for directories whose passwords are not the database's to change.
 */
const PROOFS = [
  'mysql_native_password',
  'caching_sha2_password',
  'sha256_password',
  'client_ed25519',
  'parsec',
] as const;

/** What a server said before TLS was agreed, which anybody on the way could have said in its place. */
export class AnsweredBeforeTls extends Error {
  override readonly name = 'AnsweredBeforeTls';
  override readonly cause: unknown;

  constructor(cause: unknown) {
    super('The server answered before TLS was agreed.');
    this.cause = cause;
  }
}

/** A connection that is logged in. Its errors are the driver's; none of them quotes a value. */
export interface MysqlConnection {
  /** What the server says that it is before anybody has logged in. */
  readonly greeting: string;
  /** Runs one statement and gives its rows; the values take the places of its question marks, quoted by the driver. */
  ask(statement: string, values?: readonly string[]): Promise<readonly Record<string, unknown>[]>;
  /** Never throws. */
  close(): Promise<void>;
}

/** The part of the driver that is used. */
interface Driver {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'connect', listener: (error?: Error) => void): unknown;
  query(statement: string, values: readonly string[], answer: (error: Error | null, rows?: unknown) => void): unknown;
  end(answer: () => void): void;
  serverVersion(): string;
}

/**
 * Opens a connection with the driver `mariadb`, which logs in wherever MySQL 8 (caching_sha2_password) and MariaDB
 * (ed25519, parsec) let one in, and asks no stranger for an RSA key unless told to. `mysql2` knows neither of MariaDB's two
 * and always asks. In a bundle the two weigh the same once what no function uses is left out (169 and 170 kB, minified),
 * and start equally fast.
 *
 * @throws Error of the driver or of Node
 */
export async function openConnection(login: DatabaseLogin, limit: TimeLimit): Promise<MysqlConnection> {
  const socket = new GuardedSocket(login.tls !== 'off');
  let agreedOnTls = false;
  const settings = {
    host: login.host,
    port: login.port,
    user: login.username,
    password: login.password.reveal(),
    ...(login.database !== '' && { database: login.database }),
    ...(login.tls !== 'off' && {
      ssl: verifiedTls(login.host, login.tls, () => {
        agreedOnTls = true;
      }),
    }),
    stream: () => socket.connect(login.port, login.host).setNoDelay(),
    connectTimeout: Math.max(1, Math.min(CONNECT_MS, limit.remaining())),
    charset: 'utf8mb4',
    restrictedAuth: [...PROOFS],
    // Without TLS a server's RSA key is taken on trust: "ssl": false says that the network is trusted. Listeners learn
    // nothing from it, as they would not from the other proofs; with TLS no key is asked for.
    // A password that is longer than the key would have the driver throw where nothing catches it.
    allowPublicKeyRetrieval: login.tls === 'off' && isProvedByRsa(login.password),
    // An expired password is let in to be changed, and to nothing else.
    permitConnectionWhenExpired: true,
    // Nobody but the secret says where the password goes.
    permitRedirect: false,
    permitLocalInfile: false,
    connectAttributes: { program_name: 'secret-rotation' },
    prepareCacheLength: 0,
    // Errors would otherwise repeat the values, and warnings would go to the console.
    logParam: false,
    logger: { warning: () => {} },
  };
  const driver: Driver = createConnection(settings);
  // Without a listener, a connection that breaks between two statements would end the process; the next one reports it.
  driver.on('error', () => {});
  const hangUp = () => {
    socket.destroy(new Error('timeout: the step ends'));
  };
  limit.signal.addEventListener('abort', hangUp, { once: true });
  const release = () => {
    limit.signal.removeEventListener('abort', hangUp);
    socket.destroy();
  };
  const looks = setInterval(() => socket.requireModest(), LOOK_MS);
  try {
    await new Promise<void>((resolve, reject) => driver.on('connect', (error) => (error ? reject(error) : resolve())));
    socket.loggedIn();
  } catch (error) {
    release();
    throw login.tls === 'off' || agreedOnTls ? error : new AnsweredBeforeTls(error);
  } finally {
    clearInterval(looks);
  }
  return connection(driver, socket, limit, release);
}

function connection(driver: Driver, socket: GuardedSocket, limit: TimeLimit, release: () => void): MysqlConnection {
  return {
    greeting: driver.serverVersion(),

    async ask(statement, values = []) {
      const patience = Math.max(1, limit.remaining() - SPARE_MS);
      const timer = setTimeout(() => socket.destroy(new Error(`timeout after ${Math.round(patience)} ms`)), patience);
      socket.restartCount();
      const looks = setInterval(() => socket.requireModest(), LOOK_MS);
      try {
        return await new Promise((resolve, reject) => {
          driver.query(statement, values, (error, rows) => (error ? reject(error) : resolve(rowsOf(rows))));
        });
      } finally {
        clearTimeout(timer);
        clearInterval(looks);
      }
    },

    async close() {
      // The farewell needs no reply, and a server that has gone away must not delay the answer.
      const { promise: farewell, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, SPARE_MS / 4);
      driver.end(resolve);
      await farewell;
      clearTimeout(timer);
      release();
    },
  };
}

/**
 * The driver would let a self-signed certificate of MariaDB 11.4 pass that knows the password, unless it is given
 * authorities; the context, which Node prefers to those, holds the ones that Node trusts or that the secret names.
 */
function verifiedTls(host: string, tls: Exclude<Tls, 'off'>, agreed: () => void) {
  return {
    rejectUnauthorized: true,
    // Called for a certificate that is trusted, before anything else is read.
    checkServerIdentity: (name: string, certificate: PeerCertificate) => {
      const doubt = checkServerIdentity(name, certificate);
      if (!doubt) agreed();
      return doubt;
    },
    host,
    ...(isIP(host) === 0 && { servername: host }),
    ca: 'those of the context',
    secureContext: createSecureContext(tls === 'verified' ? {} : { ca: tls.authorities }),
  };
}

function rowsOf(answer: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(answer) ? answer.filter((row) => typeof row === 'object' && row !== null) : [];
}
