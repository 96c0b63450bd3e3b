import { randomUUID } from 'node:crypto';
import { LoginRefused } from '../../shared/errors.ts';
import type { Strategy } from '../../shared/rotation/strategy.ts';
import { JsonSecret } from '../../shared/secrets/json-secret.ts';
import { type SecretValue, stringValue } from '../../shared/secrets/secret-value.ts';

export interface Key {
  readonly id: string;
  readonly secret: string;
}

/** Mints API keys, in memory. Asynchronous as a real one, so that a test can fail any of its calls. */
export interface Issuer {
  mint(): Promise<Key>;
  list(): Promise<readonly string[]>;
  remove(id: string): Promise<void>;
  accepts(key: Key): Promise<boolean>;
}

export interface MemoryIssuer extends Issuer {
  /** The ids of the keys that live, oldest first. */
  readonly alive: ReadonlySet<string>;
}

export function memoryIssuer(): MemoryIssuer {
  const keys = new Map<string, string>();
  return {
    get alive() {
      return new Set(keys.keys());
    },
    async mint() {
      const key = { id: `key-${randomUUID()}`, secret: `minted-${randomUUID()}` };
      keys.set(key.id, key.secret);
      return key;
    },
    list: async () => [...keys.keys()],
    remove: async (id) => void keys.delete(id),
    accepts: async ({ id, secret }) => keys.get(id) === secret,
  };
}

export function keyValue({ id, secret }: Key): SecretValue {
  return stringValue(JSON.stringify({ id, secret }));
}

/** A strategy that mints. `set` removes the keys that no staged version holds, and `finish` the one that was replaced. */
export function keyStrategy(issuer: Issuer): Strategy<Key> {
  const parse = (value: SecretValue): Key => {
    const json = JsonSecret.parse(value);
    return { id: json.requiredString('id'), secret: json.requiredString('secret') };
  };
  return {
    name: 'key',
    settings: { tags: [], variables: [] },
    mints: { discard: (minted) => issuer.remove(parse(minted).id) },
    parse,
    create: async () => keyValue(await issuer.mint()),
    recreate: async (_, candidate) => keyValue(candidate),
    async set(versions) {
      const held = [await versions.current(), await versions.candidate(), await versions.previous()];
      const keep = new Set(held.map((key) => key?.id));
      for (const id of await issuer.list()) if (!keep.has(id)) await issuer.remove(id);
    },
    async test(versions) {
      if (!(await issuer.accepts(await versions.candidate()))) throw new LoginRefused('The key is not accepted.');
    },
    async finish(versions) {
      const previous = await versions.previous();
      if (previous) await issuer.remove(previous.id);
    },
  };
}
