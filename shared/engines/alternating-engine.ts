import type { Sensitive } from '../secrets/sensitive.ts';
import type { DatabaseLogin, Engine, Session, TimeLimit } from './engine.ts';

/** Two users with the same rights, of which one is current and the other is let in next. */
export interface UserPair {
  /** The user whose rights and settings both have. */
  readonly first: string;
  /** The user that exists only to take turns with the first. */
  readonly clone: string;
}

/** A database in which a superuser can let two users take turns. */
export interface AlternatingEngine extends Engine {
  connect(login: DatabaseLogin, limit: TimeLimit): Promise<AlternatingSession>;
}

export interface AlternatingSession extends Session {
  /**
   * For a superuser: lets `user`, one of the pair, log in with the password and with all that the first user may. The
   * clone is created if it is not there, and brought in line with the first user whichever of the two is let in. A login
   * that works afterwards implies that all of that is done, whatever interrupts it; repeating it does no harm.
   *
   * @throws AlternateRefused if the clone is not the first user's: no member of it or a member of more, with attributes
   *   or privileges of its own, owning objects; or if there is no first user that may log in. Nothing is changed then
   * @throws SuperuserRefused if this user lacks the right, with the statement that grants it. Nothing is changed then
   * @throws CandidateRefused if the server's password rules refuse the password. Who may log in, and with what, is as
   *   before then: a server without transactions may have made the clone, locked, or brought it in line
   */
  letIn(user: string, pair: UserPair, password: Sensitive): Promise<void>;

  /** For one of the pair: throws AlternateRefused unless this session has the rights of the first user. Changes nothing. */
  proveRights(pair: UserPair): Promise<void>;
}
