import { createHash } from 'node:crypto';
import { Sensitive } from '../secrets/sensitive.ts';

/** What MariaDB stores of a password under a plugin; undefined where the server has to make it. */
export function verifierOf(plugin: string, password: Sensitive): Sensitive | undefined {
  if (plugin === 'mysql_native_password') return nativeVerifier(password);
  return plugin === 'ed25519' ? ed25519Verifier(password) : undefined;
}

/**
 * What a server stores of a password for `mysql_native_password`.
 * https://mariadb.com/docs/server/reference/plugins/authentication-plugins/authentication-plugin-mysql_native_password
 */
export function nativeVerifier(password: Sensitive): Sensitive {
  const once = createHash('sha1').update(password.reveal()).digest();
  return new Sensitive(`*${createHash('sha1').update(once).digest('hex').toUpperCase()}`);
}

/**
 * What MariaDB stores of a password for `ed25519`: the public key, where RFC 8032 (section 5.1.5) takes a private key of 32
 * bytes and MariaDB takes the password, of any length. Node's own Ed25519 wants the 32 bytes.
 * https://mariadb.com/docs/server/reference/plugins/authentication-plugins/authentication-plugin-ed25519
 */
export function ed25519Verifier(password: Sensitive): Sensitive {
  const scalar = createHash('sha512').update(password.reveal()).digest().subarray(0, 32);
  scalar.writeUInt8(scalar.readUInt8(0) & 0xf8, 0);
  scalar.writeUInt8((scalar.readUInt8(31) & 0x7f) | 0x40, 31);
  const { x, y } = times(fromLittleEndian(scalar), BASE);
  const encoded = toLittleEndian(y);
  if (x & 1n) encoded.writeUInt8(encoded.readUInt8(31) | 0x80, 31);
  return new Sensitive(encoded.toString('base64').replace(/=+$/, ''));
}

/** The curve of RFC 8032, section 5.1: its prime, its constant d and its base point. */
const PRIME = 2n ** 255n - 19n;
const D = modulo(-121_665n * inverse(121_666n));
const BASE = {
  x: 15_112_221_349_535_400_772_501_151_409_588_531_511_454_012_693_041_857_206_046_113_283_949_847_762_202n,
  y: 46_316_835_694_926_478_169_428_394_003_475_163_141_307_993_866_256_225_615_783_033_603_165_251_855_960n,
};

interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

/** Projective: x/z and y/z, so that there is one division in all. */
interface Projective extends Point {
  readonly z: bigint;
}

/**
 * Not in constant time: BigInt arithmetic takes as long as it takes. The password is new and random, used here once.
 */
function times(scalar: bigint, point: Point): Point {
  let sum: Projective = { x: 0n, y: 1n, z: 1n };
  let power: Projective = { ...point, z: 1n };
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = plus(sum, power);
    power = plus(power, power);
  }
  const shrink = inverse(sum.z);
  return { x: modulo(sum.x * shrink), y: modulo(sum.y * shrink) };
}

/** The complete addition law of a twisted Edwards curve with a = -1: it holds for doubling too. */
function plus(p: Projective, q: Projective): Projective {
  const a = modulo(p.z * q.z);
  const b = modulo(a * a);
  const c = modulo(p.x * q.x);
  const d = modulo(p.y * q.y);
  const e = modulo(D * c * d);
  const [f, g] = [modulo(b - e), modulo(b + e)];
  return {
    x: modulo(a * f * ((p.x + p.y) * (q.x + q.y) - c - d)),
    y: modulo(a * g * (d + c)),
    z: modulo(f * g),
  };
}

function modulo(value: bigint): bigint {
  const rest = value % PRIME;
  return rest < 0n ? rest + PRIME : rest;
}

/** Fermat: value to the power of PRIME - 2. */
function inverse(value: bigint): bigint {
  let [result, base] = [1n, modulo(value)];
  for (let exponent = PRIME - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = modulo(result * base);
    base = modulo(base * base);
  }
  return result;
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

function toLittleEndian(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
}
