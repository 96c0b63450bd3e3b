import { TlsRefused, Unreachable } from '../errors.ts';

/** What a driver's or Node's error says. */
export interface ErrorParts {
  readonly code: string;
  readonly message: string;
}

/** Node's and OpenSSL's codes for a handshake or a certificate that failed. */
const TLS_FAILURE =
  /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|EPROTO)|INVALID_CA|INVALID_PURPOSE|CRL_/;

/** Node reports several addresses that all failed as one AggregateError without a message. */
export function errorParts(error: unknown): ErrorParts {
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { code, message: error.message || code || error.name };
}

/** `where` names the server, as all errors of its engine do. */
export function noTls(where: string, cause: unknown): TlsRefused {
  return new TlsRefused(
    `${where} offers no TLS. Switch TLS on at the server; only if the network itself is trusted, put "ssl": false into the secret.`,
    { cause },
  );
}

/** `undefined` for an error that is none of TLS. */
export function tlsFailure(where: string, { code, message }: ErrorParts, cause: unknown): TlsRefused | undefined {
  if (!TLS_FAILURE.test(code) && !/certificate/i.test(message)) return undefined;
  return new TlsRefused(
    `The TLS certificate of ${where} cannot be trusted (${code}: ${message}). Name the host as its certificate does, and name its authority in NODE_EXTRA_CA_CERTS (on Lambda, for RDS: /var/runtime/ca-cert.pem).`,
    { cause },
  );
}

/** For an error that the server did not send: it was not found, refused the connection, was silent, or broke off. */
export function unreachable(where: string, parts: ErrorParts, cause: unknown): Unreachable {
  return new Unreachable(`${where} ${whatHappened(parts)}`, { cause });
}

function whatHappened({ code, message }: ErrorParts): string {
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `cannot be found: its name does not resolve (${code}). Check the secret's host, and the DNS of the function's VPC.`;
    case 'ECONNREFUSED':
      return `refuses connections (${code}). Check that the server runs and that the secret's port is right.`;
    default:
      return /timed? ?out/i.test(message)
        ? `did not answer in time (${message}). Check security groups, routes and the secret's host; if the server is only slow, raise the function's timeout.`
        : `broke the connection (${message}). Check the network and the server's log; the rotation can be repeated.`;
  }
}
