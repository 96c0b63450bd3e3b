import type { Sensitive } from '../secrets/sensitive.ts';
import type { DatabaseLogin, Engine, Session, TimeLimit } from './engine.ts';

/** A database that can let one user in with two passwords at a time. */
export interface OverlappingEngine extends Engine {
  connect(login: DatabaseLogin, limit: TimeLimit): Promise<OverlappingSession>;
}

/**
 * Who can give the logged-in user a second password; `otherwise` says what is missing where it cannot itself. Where its
 * password has expired, the server tells only after the change whether it can.
 */
export type OverlapBy =
  | { readonly by: 'itself' }
  | { readonly by: 'a superuser' | 'nobody'; readonly otherwise: string; readonly unknownUntilChanged?: true };

/** Whose passwords a superuser sets. */
export interface Account {
  readonly user: string;
  /**
   * The host part of the account that logged in, and the password that did. A user's accounts for other hosts take part
   * if they are known to have that password. Without it, all accounts of the user do.
   */
  readonly proof?: { readonly host: string; readonly password: Sensitive };
}

export interface OverlappingSession extends Session {
  overlapBy(): Promise<OverlapBy>;

  /** The host part of the account that is logged in; empty where an expired password does not tell. @throws PasswordChangeForbidden if it is another user's */
  accountHost(): Promise<string>;

  /**
   * Only where the user can do so itself: gives it a new password, and keeps the one that it has logged in with. Every
   * other password ends. Repeating it does no harm, nor does another copy of it at the same time.
   *
   * @throws as `changeOwnPassword`
   */
  changeKeepingOwn(password: Sensitive): Promise<void>;

  /** Only where the user can do so itself: ends what an earlier `changeKeepingOwn` kept. */
  endKept(): Promise<void>;

  /**
   * For a superuser: gives an account exactly these passwords, of which the first is new. Repeating it does no harm.
   *
   * @returns undefined, or why only the first of them could be given
   * @throws SuperuserRefused if this user lacks the right, with the statement that grants it. Nothing is changed then
   * @throws CandidateRefused if the server's password rules refuse the first. Nothing is changed then
   * @throws PasswordChangeForbidden if the account logs in without a password
   */
  givePasswords(account: Account, candidate: Sensitive, kept: Sensitive | undefined): Promise<string | undefined>;
}
