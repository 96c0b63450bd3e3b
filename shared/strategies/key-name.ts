import { createHash, randomBytes } from 'node:crypto';

/** What the name of a key says, if it was made for a secret by this suite. */
export interface NamedAfter {
  /** Whether it was made in this very rotation. */
  readonly thisRotation: boolean;
  /** When its maker asked for it, to the second; absent where every try asks by the same name. */
  readonly askedAt?: Date;
}

/** Names for the keys of one secret, by which they are found again: nothing else shows that a key is the secret's own. */
export interface KeyNames {
  /**
   * `rotation/<secret's name>/<digest of its ARN>/<token>/<time>-<nonce>`. Time and nonce make it unique among tries, for
   * issuers that refuse a name that is taken; they are left out where `sameForEveryTry`.
   */
  name(now: Date, sameForEveryTry: boolean): string;
  /** `undefined` for any other name. */
  read(name: string): NamedAfter | undefined;
}

const PREFIX = 'rotation';
const DIGEST_LENGTH = 16;
const TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[0-9a-f]{4}$/;
/** A token that is longer or has other characters is told by its digest. */
const READABLE_TOKEN = /^[A-Za-z0-9-]{1,40}$/;
/** `rotation`, a digest, a token's digest, a time with its nonce, and three slashes. */
export const SHORTEST_LIMIT = PREFIX.length + 2 * DIGEST_LENGTH + 21 + 3;

/** @param longest how many characters the issuer takes, at least `SHORTEST_LIMIT` */
export function keyNames(secretArn: string, token: string, longest: number): KeyNames {
  const secret = digestOf(secretArn);
  const room = longest - SHORTEST_LIMIT + DIGEST_LENGTH;
  const rotation = READABLE_TOKEN.test(token) && token.length <= room ? token : digestOf(token);
  return {
    name(now, sameForEveryTry) {
      const attempt = sameForEveryTry ? [] : [`${compact(now)}-${randomBytes(2).toString('hex')}`];
      const parts = [secret, rotation, ...attempt];
      const left = longest - [PREFIX, ...parts].join('/').length - 1;
      const readable = readableNameOf(secretArn).slice(0, Math.max(0, left));
      return [PREFIX, ...(readable === '' ? [] : [readable]), ...parts].join('/');
    },

    read(name) {
      const parts = name.split('/');
      const at = parts.indexOf(secret, 1);
      const [token, attempt, ...more] = parts.slice(at + 1);
      if (parts[0] !== PREFIX || at < 1 || at > 2 || token === undefined || more.length > 0) return undefined;
      const askedAt = attempt === undefined ? undefined : timeIn(attempt);
      if (attempt !== undefined && askedAt === undefined) return undefined;
      return { thisRotation: token === rotation, ...(askedAt && { askedAt }) };
    },
  };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, DIGEST_LENGTH);
}

/** The last part of the secret's name, without the six characters that end its ARN. */
function readableNameOf(arn: string): string {
  const name = arn.slice(arn.lastIndexOf(':') + 1).replace(/-\w{6}$/, '');
  return name.slice(name.lastIndexOf('/') + 1).replace(/[^\w.-]/g, '-');
}

function compact(time: Date): string {
  return time.toISOString().replace(/[-:]|\.\d+/g, '');
}

function timeIn(text: string): Date | undefined {
  const parts = TIME.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
