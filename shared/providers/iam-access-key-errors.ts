import { serviceAnswer } from '../aws/service-answer.ts';
import { IssuerRefused, KeyLimitReached, OutOfTime, RotationError, Unreachable } from '../errors.ts';

export type Operation =
  | 'iam:CreateAccessKey'
  | 'iam:ListAccessKeys'
  | 'iam:UpdateAccessKey'
  | 'iam:DeleteAccessKey'
  | 'iam:GetAccessKeyLastUsed'
  | 'sts:GetCallerIdentity';

const NO_ROUTE =
  'Check region, endpoints and network of the function (in a VPC: NAT, or interface endpoints for iam and sts where there are any).';

/**
 * What an operation's failure is called: KeyLimitReached, IssuerRefused, Unreachable or OutOfTime. Messages quote what
 * the service says of itself, which names principals and policies; requests to it hold no secret that it could echo.
 *
 * @param about the ARN of the user, or whose identity was asked for
 */
export function iamError(operation: Operation, about: string, error: unknown, signal: AbortSignal): RotationError {
  const asked = `${operation} for ${about}`;
  if (signal.aborted) return new OutOfTime(`${asked} had no answer before the function's time was up. ${NO_ROUTE}`);
  if (error instanceof RotationError) return error;
  const answer = serviceAnswer(error);
  if (answer === undefined || answer.name === 'Unknown') return unusable(operation, about, failureOf(error));
  const { name, message, definitive } = answer;
  if (!definitive) return unusable(operation, about, `${name}: ${message}`);
  const refused = `${asked} was refused: ${name}: ${message} ${remedy(operation, about, name)}`.trimEnd();
  const options = { cause: error };
  return name === LIMIT ? new KeyLimitReached(refused, options) : new IssuerRefused(refused, options);
}

/**
 * Without a cause: what a parser says of an answer may quote it, and the answer to CreateAccessKey holds a secret.
 */
export function unusable(operation: Operation, about: string, failure: string): Unreachable {
  const made =
    operation === 'iam:CreateAccessKey'
      ? ' A key may have been made; a later rotation finds it among those listed.'
      : '';
  return new Unreachable(
    `${operation} for ${about} had no usable answer (${failure}).${made} ${NO_ROUTE} The rotation can be repeated.`,
  );
}

/** Whether the service said that there is no such user or key. */
export function isGone(error: unknown): boolean {
  return serviceAnswer(error)?.name === 'NoSuchEntityException';
}

/** Whether the service said that it knows no such key, or that the secret is not the key's. */
export function isKeyRefused(error: unknown): boolean {
  return ['InvalidClientTokenId', 'SignatureDoesNotMatch'].includes(serviceAnswer(error)?.name ?? '');
}

const LIMIT = 'LimitExceededException';

function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

function remedy(operation: Operation, about: string, reason: string): string {
  switch (reason) {
    case 'AccessDenied':
    case 'AccessDeniedException':
      return `Allow the function's role ${operation} on ${about}.`;
    case 'NoSuchEntityException':
      return "Correct the secret's UserName, or create the user.";
    case LIMIT:
      return 'Delete a key that nobody uses: aws iam list-access-keys and aws iam delete-access-key, with its user and id.';
    case 'InvalidClientTokenId':
    case 'SignatureDoesNotMatch':
    case 'ExpiredToken':
    case 'ExpiredTokenException':
      return "Check the function's own credentials and region.";
    default:
      return '';
  }
}
