import type { Sensitive } from '../secrets/sensitive.ts';
import type { DatabaseLogin, Engine, Session, TimeLimit } from './engine.ts';

/** Two users with the same rights, of which one is current and the other is let in next. */
export interface UserPair {
  /** The user whose rights and settings both have. */
  readonly first: string;
  /** The user that exists only to take turns with the first. */
  readonly clone: string;
}

/** What shows that the accounts of a pair are the secret's, to somebody who may change any account. */
export interface Claim {
  /** What AWSCURRENT has logged in as. Without it, the deployer lets the superuser go on without that proof. */
  readonly current: ProvenLogin | undefined;
  /**
   * The same at each rotation of one secret, and no other's; tells nothing of it. It is left on the accounts that were
   * shown to be the secret's, so that the next rotation knows them.
   */
  readonly mark: string;
  /**
   * AWSPREVIOUS as a login at the superuser's server, if it is for the user to let in. Costs a call of Secrets Manager:
   * asked for last.
   */
  previous(): Promise<DatabaseLogin | undefined>;
  /** Whether the deployer says that the user to let in is the secret's. May cost a call as well. */
  adopts(): Promise<boolean>;
  /** What the deployer can do so that it is adopted: a sentence to end an error with. */
  readonly toAdopt: string;
}

export interface ProvenLogin {
  /** The host part of the account, where accounts have one. */
  readonly host: string;
  readonly password: Sensitive;
}

/** A database in which a superuser can let two users take turns. */
export interface AlternatingEngine extends Engine {
  connect(login: DatabaseLogin, limit: TimeLimit): Promise<AlternatingSession>;
}

export interface AlternatingSession extends Session {
  /** The host part of the account that is logged in; empty where accounts have none, and where an expired password does not tell. @throws AlternateRefused if it is another user's */
  accountHost(): Promise<string>;

  /**
   * For a superuser: lets `user`, one of the pair, log in with the password and with all that the first user may. The
   * clone is created if it is not there, and brought in line with the first user whichever of the two is let in. A login
   * that works afterwards implies that all of that is done, whatever interrupts it; repeating it does no harm.
   *
   * Only accounts that the claim shows to be the secret's are changed: of the current user those that the password of
   * AWSCURRENT opens; of the other user those that a staged password opens, that carry the secret's mark, that hold
   * nothing and cannot log in, or that the deployer says are. Locked accounts, roles and anonymous accounts receive nothing.
   *
   * @throws AlternateRefused if nothing shows that the other user is the secret's, if it may do more than the first, or
   *   if there is no first user that may log in. Nothing is changed then
   * @throws SuperuserRefused if this user lacks the right, with the statement that grants it. Nothing is changed then
   * @throws CandidateRefused if the server's password rules refuse the password. Who may log in, and with what, is as
   *   before then: a server without transactions may have made the clone, locked, or brought it in line
   */
  letIn(user: string, pair: UserPair, password: Sensitive, claim: Claim): Promise<void>;

  /** For one of the pair: throws AlternateRefused unless this session has the rights of the first user. Changes nothing. */
  proveRights(pair: UserPair): Promise<void>;
}
