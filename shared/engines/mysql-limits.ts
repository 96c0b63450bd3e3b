import { CandidateRefused } from '../errors.ts';
import type { Sensitive } from '../secrets/sensitive.ts';
import type { DatabaseLogin, Limits, Tls } from './engine.ts';

/** What a secret may hold, and more than a MariaDB server asks for: seen with all of its plugins that keep passwords, on 10.11 and 11.8. */
const ANY_PASSWORD = 65_536;

/** The server takes no more, whichever plugin the account has (seen on MySQL 9.7: 1396, without a reason). */
const LONGEST_AT_MYSQL = 256;

/**
 * What fits into one block of the server's RSA key of 2,048 bits, by which a password is proved without TLS: RFC 8017 (section 7.1.1) keeps
 * 42 bytes of 256, and a NUL ends the password.
 * https://dev.mysql.com/doc/refman/8.4/en/caching-sha2-pluggable-authentication.html
 */
const LONGEST_WITHOUT_TLS = 213;

/**
 * By what the secret calls its engine, since `createSecret` asks no server. A MySQL server cuts the name of a login off where it may not be longer,
 * and lets another account in; so does a MariaDB server, since 10.6 at 128 characters.
 */
export function mysqlLimits(engineName: string, tls: Tls): Limits {
  if (engineName === 'mariadb') {
    return { userName: { most: 80, of: 'characters' }, passwordBytes: ANY_PASSWORD, otherwise: '' };
  }
  const transport = tls === 'off' ? ` Over TLS it is ${LONGEST_AT_MYSQL}: remove "ssl": false.` : '';
  return {
    userName: { most: 32, of: 'characters' },
    passwordBytes: longestPassword(tls),
    otherwise: ` If the server is MariaDB, put "engine": "mariadb" into the secret.${transport}`,
  };
}

/** For a server that is known to be MySQL. @throws CandidateRefused for a password that it does not take, or that no login over this transport proves */
export function refuseTooLong(password: Sensitive, { host, port, username, tls }: DatabaseLogin): void {
  const bytes = Buffer.byteLength(password.reveal());
  const most = longestPassword(tls);
  if (bytes <= most) return;
  throw new CandidateRefused(
    `The new password of ${username} has ${bytes} bytes, and MySQL at ${host}:${port} takes at most ${most}${tls === 'off' ? ' without TLS' : ''}. The old one still works. Shorten the tag rotation:length or PASSWORD_LENGTH, then rotate again.`,
  );
}

/** Whether a password fits into the proof by which MySQL has it shown without TLS. */
export function isProvedByRsa(password: Sensitive): boolean {
  return Buffer.byteLength(password.reveal()) <= LONGEST_WITHOUT_TLS;
}

function longestPassword(tls: Tls): number {
  return tls === 'off' ? LONGEST_WITHOUT_TLS : LONGEST_AT_MYSQL;
}
