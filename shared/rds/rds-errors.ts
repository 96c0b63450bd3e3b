import { serviceAnswer } from '../aws/service-answer.ts';
import { OutOfTime, RdsRefused, RotationError, Unreachable } from '../errors.ts';

export type Operation = 'DescribeDBInstances' | 'DescribeDBClusters' | 'DescribeDBClusterEndpoints';

const NO_ROUTE =
  'Check region, endpoint and network of the function (in a VPC: an interface endpoint for rds or NAT). Host and port in the secret need no such call.';

/** What an operation's failure is called: RdsRefused, Unreachable or OutOfTime. */
export function rdsError(operation: Operation, identifier: string, error: unknown, signal: AbortSignal): RotationError {
  const asked = `${operation} for ${identifier}`;
  if (signal.aborted) {
    return new OutOfTime(`${asked} had no answer before the function's time was up. ${NO_ROUTE}`, { cause: error });
  }
  if (error instanceof RotationError) return error;
  const answer = serviceAnswer(error);
  if (answer === undefined) {
    const detail = error instanceof Error ? error.message || error.name : 'unknown error';
    return new Unreachable(`${asked} had no usable answer (${detail}). ${NO_ROUTE}`, { cause: error });
  }
  const { name, message, definitive } = answer;
  if (!definitive) {
    return new Unreachable(`${asked} failed after all retries: ${name}: ${message}. The rotation can be repeated.`, {
      cause: error,
    });
  }
  return new RdsRefused(
    `${asked} was refused: ${name}: ${message} ${remedy(operation, identifier, name)}`.trimEnd(),
    name,
    {
      cause: error,
    },
  );
}

/** The API answered, but not with what was asked for. */
export function notFound(operation: Operation, identifier: string): RdsRefused {
  const reason = 'NotFound';
  return new RdsRefused(`${operation} knows no ${identifier}. ${remedy(operation, identifier, reason)}`, reason);
}

function remedy(operation: Operation, identifier: string, reason: string): string {
  if (reason === 'AccessDenied' || reason === 'AccessDeniedException') {
    return `Allow the function's role rds:${operation} on ${identifier}.`;
  }
  if (reason.includes('NotFound')) {
    return "Correct the host, dbInstanceIdentifier or dbClusterIdentifier in the secret: it must be a database of the function's own account and Region.";
  }
  if (/^(InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|InvalidSignature|ExpiredToken)/.test(reason)) {
    return "Check the function's credentials and region.";
  }
  return '';
}
