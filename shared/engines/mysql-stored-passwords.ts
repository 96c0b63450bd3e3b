import { createHash, createPrivateKey, createPublicKey, pbkdf2Sync } from 'node:crypto';
import type { Sensitive } from '../secrets/sensitive.ts';
import type { AuthenticationMethod } from './mysql-account.ts';
import { verifierOf } from './mysql-verifiers.ts';

/** A server may ask for more, which would cost seconds; such a password is taken for another one. */
const MOST_ROUNDS = 100_000;

/**
 * Whether what the server keeps of a password was made from this one. Salted verifiers are made again with their salt.
 *
 * @returns false also where that cannot be told: for a plugin that is not known here, or more rounds than are bearable
 */
export function isStored(password: Sensitive, { plugin, stored }: AuthenticationMethod): boolean {
  if (stored === '') return false;
  switch (plugin) {
    case 'caching_sha2_password':
      return isOfCachingSha2(password.reveal(), stored);
    case 'sha256_password':
      return isOfSha256(password.reveal(), stored);
    case 'parsec':
      return isOfParsec(password.reveal(), stored);
    default:
      return verifierOf(plugin, password)?.reveal() === stored;
  }
}

/**
 * `$A$005$`, 20 characters of salt and 43 of SHA-256-crypt; the number is of thousands of rounds, in hexadecimal digits.
 * https://dev.mysql.com/doc/refman/8.4/en/caching-sha2-pluggable-authentication.html
 */
function isOfCachingSha2(password: string, stored: string): boolean {
  const [, thousands = '', salt = '', digest] = /^\$A\$([0-9A-F]{3})\$(.{20})(.{43})$/s.exec(stored) ?? [];
  const rounds = Number.parseInt(thousands, 16) * 1000;
  return rounds > 0 && rounds <= MOST_ROUNDS && sha256Crypt(password, salt, rounds) === digest;
}

/** `$5$`, the salt, `$` and 43 characters of SHA-256-crypt. */
function isOfSha256(password: string, stored: string): boolean {
  const [, salt = '', digest] = /^\$5\$(.+)\$(.{43})$/s.exec(stored) ?? [];
  return salt !== '' && sha256Crypt(password, salt, 5000) === digest;
}

/** The head of a private Ed25519 key in PKCS #8 (RFC 8410, section 7), before its 32 bytes. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * `P`, how often 1024 rounds are doubled, salt and public key.
 * https://mariadb.com/docs/server/reference/plugins/authentication-plugins/authentication-plugin-parsec
 */
function isOfParsec(password: string, stored: string): boolean {
  const [, doubled = '', salt = '', key = ''] = /^P([0-9]):([^:]+):([^:]+)$/.exec(stored) ?? [];
  const rounds = 1024 * 2 ** Number(doubled);
  if (key === '' || rounds > MOST_ROUNDS) return false;
  const seed = pbkdf2Sync(password, Buffer.from(salt, 'base64'), rounds, 32, 'sha512');
  const owner = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
  const raw = createPublicKey(owner).export({ format: 'der', type: 'spki' }).subarray(-32);
  return raw.equals(Buffer.from(key, 'base64'));
}

/** https://www.akkadia.org/drepper/SHA-crypt.txt; MySQL's salt is longer than that text lets it be. */
function sha256Crypt(password: string, salt: string, rounds: number): string {
  const [secret, grain] = [Buffer.from(password), Buffer.from(salt)];
  const inner = sha256(secret, grain, secret);
  const bits = [...secret.length.toString(2)].toReversed().map((bit) => (bit === '1' ? inner : secret));
  let digest = sha256(secret, grain, repeated(inner, secret.length), ...(secret.length > 0 ? bits : []));
  const p = repeated(sha256(...Array.from({ length: secret.length }, () => secret)), secret.length);
  const s = repeated(sha256(...Array.from({ length: 16 + digest.readUInt8(0) }, () => grain)), grain.length);
  for (let round = 0; round < rounds; round++) {
    const odd = round % 2 === 1;
    digest = sha256(
      odd ? p : digest,
      ...(round % 3 === 0 ? [] : [s]),
      ...(round % 7 === 0 ? [] : [p]),
      odd ? digest : p,
    );
  }
  return encoded(digest);
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}

function repeated(bytes: Buffer, length: number): Buffer {
  return Buffer.alloc(length, bytes);
}

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Three bytes are four letters, the lowest bits first, in an order of that text's own. */
function encoded(digest: Buffer): string {
  const letters = (value: number, count: number) =>
    Array.from({ length: count }, (_, index) => ALPHABET[(value >> (6 * index)) & 0x3f]).join('');
  let text = '';
  for (let [a, b, c] = [0, 10, 20]; text.length < 40; [a, b, c] = [c + 1, a + 1, b + 1]) {
    text += letters((digest.readUInt8(a) << 16) | (digest.readUInt8(b) << 8) | digest.readUInt8(c), 4);
  }
  return text + letters((digest.readUInt8(31) << 8) | digest.readUInt8(30), 3);
}
