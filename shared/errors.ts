/**
 * Everything that a rotation can fail with. `name` is the error code of logs and metrics; it is written out because
 * minified bundles rename classes. Messages end in what the reader can do, name hosts, ports and users, and never
 * quote a secret value.
 */
export abstract class RotationError extends Error {
  abstract override readonly name: string;
}

/** The event is not one that Secrets Manager sends. */
export class InvalidEvent extends RotationError {
  override readonly name = 'InvalidEvent';
}

/** A tag or an environment variable that configures the rotation is wrong. */
export class InvalidSetting extends RotationError {
  override readonly name = 'InvalidSetting';
}

/** The secret's value does not have the shape that this function rotates. */
export class InvalidSecret extends RotationError {
  override readonly name = 'InvalidSecret';
}

/** Rotation is switched off for the secret. */
export class RotationDisabled extends RotationError {
  override readonly name = 'RotationDisabled';
}

/** The event's version holds neither AWSPENDING nor AWSCURRENT. */
export class VersionNotStaged extends RotationError {
  override readonly name = 'VersionNotStaged';
}

/** There is nothing to rotate: no version with AWSCURRENT has a value. */
export class NoCurrentValue extends RotationError {
  override readonly name = 'NoCurrentValue';
}

/** AWSPENDING has no value yet: createSecret has not run. */
export class NoCandidate extends RotationError {
  override readonly name = 'NoCandidate';
}

/**
 * The target refuses this candidate for good and is proved unchanged. The core takes AWSPENDING off the candidate, so
 * that the next rotation starts with a new one.
 */
export class CandidateRefused extends RotationError {
  override readonly name = 'CandidateRefused';
}

/**
 * The stored candidate must not take the place of AWSCURRENT: it is older, it was current before, or this function would
 * not have made it. AWSCURRENT works, and AWSPENDING is taken off the candidate.
 */
export class CandidateGivenUp extends RotationError {
  override readonly name = 'CandidateGivenUp';
}

/** AWSCURRENT moved to a third version while this one was being rotated. */
export class PromotionConflict extends RotationError {
  override readonly name = 'PromotionConflict';
}

/** Secrets Manager answered, and said no: permissions, a deleted secret, a KMS key. */
export class SecretsManagerRefused extends RotationError {
  override readonly name = 'SecretsManagerRefused';
  /** The service's own error code, such as `AccessDeniedException`. */
  readonly reason: string;

  constructor(message: string, reason: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Secrets Manager did not answer, or throttled, after all retries. What was asked may or may not have happened. */
export class SecretsManagerUnavailable extends RotationError {
  override readonly name = 'SecretsManagerUnavailable';
}

/** The RDS API answered, and said no: permissions, or an identifier that it does not know. */
export class RdsRefused extends RotationError {
  override readonly name = 'RdsRefused';
  /** The API's error code as the SDK names it, such as `AccessDenied` or `DBInstanceNotFoundFault`. */
  readonly reason: string;

  constructor(message: string, reason: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The database says that the password is wrong. The only error that makes a strategy try another credential. */
export class LoginRefused extends RotationError {
  override readonly name = 'LoginRefused';
}

/** The database lets the user in without asking for a password: that it logs in shows nothing. Nothing was changed. */
export class PasswordNotAsked extends RotationError {
  override readonly name = 'PasswordNotAsked';
}

/**
 * The database, the RDS API that knows where it is, or an issuer of keys did not answer or cannot serve now: network,
 * DNS, start-up, connection limit, throttling, time limit.
 */
export class Unreachable extends RotationError {
  override readonly name = 'Unreachable';
}

/** No TLS connection that can be trusted. */
export class TlsRefused extends RotationError {
  override readonly name = 'TlsRefused';
}

/** The database answered and refused for another reason than the password. */
export class DatabaseRefused extends RotationError {
  override readonly name = 'DatabaseRefused';
}

/** The user may not change its own password. */
export class PasswordChangeForbidden extends RotationError {
  override readonly name = 'PasswordChangeForbidden';
}

/** None of the staged passwords logs in. */
export class NoWorkingPassword extends RotationError {
  override readonly name = 'NoWorkingPassword';
}

/** Another refused login could lock the account; what was refused before says why. */
export class TooManyRefusedLogins extends RotationError {
  override readonly name = 'TooManyRefusedLogins';
}

/** AWSCURRENT has to log in before a superuser changes anything, or before a candidate is given up, and does not. */
export class CurrentLoginRefused extends RotationError {
  override readonly name = 'CurrentLoginRefused';
}

/** The superuser's secret is wrong, or the superuser may not do what is needed. Nothing was changed. */
export class SuperuserRefused extends RotationError {
  override readonly name = 'SuperuserRefused';
}

/** The alternate user is not one that may be let in with the first user's rights. Nothing was changed. */
export class AlternateRefused extends RotationError {
  override readonly name = 'AlternateRefused';
}

/** The issuer of keys answered, and said no for another reason than the key itself. */
export class IssuerRefused extends RotationError {
  override readonly name = 'IssuerRefused';
}

/** The issuer does not accept the candidate, as long as a new key may take to work. */
export class KeyRefused extends RotationError {
  override readonly name = 'KeyRefused';
}

/** No more keys may live at the issuer, and none of them may be ended. Nothing was made. */
export class KeyLimitReached extends RotationError {
  override readonly name = 'KeyLimitReached';
}

/** The key of AWSPREVIOUS has to make room, and was used since AWSCURRENT replaced it. Nothing was made or ended. */
export class PreviousKeyStillInUse extends RotationError {
  override readonly name = 'PreviousKeyStillInUse';
}

/** The administrator's secret does not let this secret have keys made. Nothing was asked of the issuer. */
export class AdministratorRefused extends RotationError {
  override readonly name = 'AdministratorRefused';
}

/** The function's time limit came too near. Nothing is lost: the step can be repeated. */
export class OutOfTime extends RotationError {
  override readonly name = 'OutOfTime';
}
