import type { Sensitive } from '../secrets/sensitive.ts';

/** Where a database is and who logs in to it. */
export interface DatabaseLogin {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password: Sensitive;
  readonly tls: Tls;
}

/**
 * `verified`: chain and host name are checked, by the authorities that Node trusts or by those given here (PEM). `off`: only
 * because the secret says `"ssl": false`.
 */
export type Tls = 'verified' | 'off' | { readonly authorities: string };

/** How long a connection and its statements may take. */
export interface TimeLimit {
  /** Milliseconds. */
  remaining(): number;
  readonly signal: AbortSignal;
}

/** What a server takes at most. */
export interface Limits {
  /** The longest user name that it keeps apart from others; `bytes` are those of UTF-8. */
  readonly userName: { readonly most: number; readonly of: 'bytes' | 'characters' };
  /** The longest password that it stores and that a login over this transport can prove, in bytes of UTF-8. */
  readonly passwordBytes: number;
  /** What in the secret would raise a limit, as sentences; empty if nothing would. */
  readonly otherwise: string;
}

/** One kind of database. An engine knows no Secrets Manager and no rotation. */
export interface Engine {
  /** For messages, as people write it. */
  readonly name: string;
  /** What a secret's `engine` field may say; RDS's own names are among them. */
  readonly engineNames: readonly string[];
  readonly defaultPort: number;
  readonly defaultDatabase: string;
  /** How many logins of one user, refused one after the other, a step may cause: fewer than lock an account. */
  readonly refusedLogins: number;

  /** @param engineName what the secret's `engine` field says, in lower case; empty if it has none */
  limits(engineName: string, tls: Tls): Limits;

  /**
   * Logs in.
   *
   * @throws LoginRefused if the server says that the password is wrong; nothing else may be reported as that
   * @throws Unreachable if the server does not answer in time, or cannot serve now
   * @throws TlsRefused if there is no TLS connection that can be trusted
   * @throws DatabaseRefused if the server refuses for another reason
   */
  connect(login: DatabaseLogin, limit: TimeLimit): Promise<Session>;
}

/** A login that worked. Whoever opened it closes it. */
export interface Session {
  /** The server has not asked for the password: any other would have logged in as well, so that this one shows nothing. */
  readonly passwordNotAsked?: boolean;

  /** A query that changes nothing. Throws like `connect`, if the session has died. */
  probe(): Promise<void>;

  /**
   * Gives the logged-in user a new password. It stands in no statement in clear if the server takes a verifier.
   *
   * @throws CandidateRefused if the server's password rules refuse it; the old password is unchanged then
   * @throws PasswordChangeForbidden if the user may not change its own password
   * @throws Unreachable or DatabaseRefused; whether the password has changed is not known then
   */
  changeOwnPassword(password: Sensitive): Promise<void>;

  /**
   * Sets the password that has logged in again if it has expired, since an expired one lets its user do nothing else. Absent where an expired
   * password does not log in at all.
   *
   * @throws DatabaseRefused if a rule against using a password again refuses that; nothing is changed then
   */
  renewIfExpired?(): Promise<void>;

  /** Never throws. */
  close(): Promise<void>;
}
