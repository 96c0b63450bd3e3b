import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { Sensitive } from '../secrets/sensitive.ts';

const deriveKey = promisify(pbkdf2);

/**
 * What PostgreSQL stores of a password under `password_encryption = scram-sha-256`.
 * Its form: https://www.postgresql.org/docs/current/catalog-pg-authid.html; the keys: RFC 5802, section 3.
 */
export async function scramVerifier(
  password: Sensitive,
  iterations: number,
  salt = randomBytes(16),
): Promise<Sensitive> {
  const salted = await deriveKey(saslPrepared(password.reveal()), salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return new Sensitive(`SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`);
}

/** What PostgreSQL stores under `password_encryption = md5`; the user name is the salt (same page). */
export function md5Verifier(password: Sensitive, username: string): Sensitive {
  return new Sensitive(
    `md5${createHash('md5')
      .update(password.reveal() + username)
      .digest('hex')}`,
  );
}

/**
 * RFC 4013 as the driver applies it at login: spaces (RFC 3454 C.1.2), what maps to nothing (B.1), NFKC. libpq takes a
 * password with prohibited or unassigned characters as it is; generated passwords are ASCII, which this leaves alone.
 */
export function saslPrepared(password: string): string {
  return password
    .replace(/[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu, ' ')
    .replace(/\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|\ufeff|[\ufe00-\ufe0f]/gu, '')
    .normalize('NFKC');
}
