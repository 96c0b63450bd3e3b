import { randomBytes, randomInt } from 'node:crypto';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: cannot be raised; inactive keys count. */
export const KEYS_PER_USER = 2;

export interface AccessKey {
  readonly id: string;
  readonly secret: string;
  readonly userName: string;
  active: boolean;
  createdAt: Date;
  lastUsedAt?: Date;
  /** How many requests that it signs are still refused, since it is not known everywhere yet. */
  unknownFor: number;
}

/** The users of an account, and their keys. */
export class IamUsers {
  readonly #arns = new Map<string, string>();
  readonly #keys = new Map<string, AccessKey>();
  readonly account: string;
  readonly #now: () => Date;

  constructor(account: string, now: () => Date) {
    this.account = account;
    this.#now = now;
  }

  /** @param account of somebody else's */
  add(userName: string, path = '/', account = this.account): string {
    const arn = `arn:aws:iam::${account}:user${path}${userName}`;
    this.#arns.set(userName, arn);
    return arn;
  }

  arnOf(userName: string): string | undefined {
    return this.#arns.get(userName);
  }

  /** Oldest first. */
  keysOf(userName: string): readonly AccessKey[] {
    return [...this.#keys.values()].filter((key) => key.userName === userName);
  }

  key(id: string): AccessKey | undefined {
    return this.#keys.get(id);
  }

  mint(userName: string, unknownFor = 0): AccessKey {
    const id = `AKIA${Array.from({ length: 16 }, () => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.charAt(randomInt(32))).join('')}`;
    const secret = randomBytes(30).toString('base64');
    const key = { id, secret, userName, active: true, createdAt: this.#now(), unknownFor };
    this.#keys.set(id, key);
    return key;
  }

  end(id: string): void {
    this.#keys.delete(id);
  }

  /** As if all keys had been made that much earlier, in milliseconds. */
  age(byMs: number): void {
    for (const key of this.#keys.values()) key.createdAt = new Date(key.createdAt.getTime() - byMs);
  }
}
