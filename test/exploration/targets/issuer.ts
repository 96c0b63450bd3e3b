import { KeyLimitReached } from '../../../shared/errors.ts';
import type { Issuer, ProviderFacts } from '../../../shared/providers/provider.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { ADMINISTERED_KEY_SETTINGS } from '../../../shared/settings/known-settings.ts';
import type { IssuerSource } from '../../../shared/strategies/issuer-source.ts';
import { mintedKey } from '../../../shared/strategies/minted-key.ts';
import type { Effects } from '../effects.ts';
import { containerOf, field, type Target, withFields, without } from './target.ts';

export type IssuerKind = 'named keys' | 'dedicated, no names' | 'chosen values';

interface MemoryKey {
  readonly id: string;
  readonly value: string;
  readonly name: string | undefined;
  readonly createdAt: Date;
  readonly by: 'function' | 'a person' | 'somebody else';
}

/** An issuer with a limit of living keys; where keys have names, one of them is somebody else's. */
export function issuerTarget(kind: IssuerKind): Target {
  const named = kind === 'named keys';
  const chosen = kind === 'chosen values';
  const facts: ProviderFacts = {
    livingKeys: named ? 4 : 3,
    value: chosen ? 'chosen' : 'issued',
    propagationMs: 0,
    ...(named && { longestName: 200 }),
  };
  let count = 0;
  let keys: readonly MemoryKey[] = [];
  const add = (by: MemoryKey['by'], value: string | undefined, name: string | undefined, at: number): MemoryKey => {
    count += 1;
    const key = { id: `k${count}`, value: value ?? `value-of-key-${count}`, name, createdAt: new Date(at), by };
    keys = [...keys, key];
    return key;
  };
  const old = Date.UTC(2025, 0, 1);
  const first = add('a person', undefined, 'made by hand', old);
  if (named) add('somebody else', undefined, 'of somebody else', old);
  const valueWith = (value: string, { id, value: key }: MemoryKey) =>
    withFields(value, { key, ...(chosen ? {} : { keyId: id }) });
  const works = (value: string) => keys.some((key) => key.value === field(value, 'key'));
  const isHeld = ({ id, value }: MemoryKey, staged: readonly string[]) =>
    staged.some((text) => field(text, 'keyId') === id || field(text, 'key') === value);

  return {
    initial: valueWith('{"provider":"memory","key":""}', first),
    container: (effects, now) =>
      containerOf(mintedKey(source(effects, now), { now: () => new Date(now()), wait: async () => undefined })),
    credential: (value) => field(value, 'key'),
    rest: (value) => without(value, 'key', 'keyId'),
    works,
    accepted: () => [],
    endsPrevious: true,
    change: (value) => valueWith(value, add('a person', undefined, 'made by hand', old)),
    accept(value) {
      const key = field(value, 'key');
      if (key === undefined || works(value) || !key.startsWith('value-of') === !chosen) return;
      keys = [
        ...keys,
        {
          id: field(value, 'keyId') ?? `again-${keys.length}`,
          value: key,
          name: 'made by hand',
          createdAt: new Date(old),
          by: 'a person',
        },
      ];
    },
    planted: (value) => [
      withFields(value, { key: 'x', ...(chosen ? {} : { keyId: 'k2' }) }),
      withFields(value, { key: 'y' }),
      'not JSON',
    ],
    foreign: () => JSON.stringify(keys.filter(({ by }) => by === 'somebody else')),
    dump: () => JSON.stringify(keys.map(({ id, value, by }) => [id, value, by])),
    tidy(staged) {
      keys = keys.filter((key) => key.by === 'somebody else' || isHeld(key, staged));
    },
    settled: (staged) =>
      keys.some((key) => key.by === 'function' && !isHeld(key, staged))
        ? 'a key that the function made lives, and no staged version holds it'
        : undefined,
    always: (current, worked) =>
      worked && !works(current) ? 'the key of AWSCURRENT was ended by the function' : undefined,
  };

  function source(effects: Effects, now: () => number): IssuerSource {
    const issuer: Issuer = {
      facts,
      mint: ({ name, value }) =>
        effects.perform('target', 'make a key', () => {
          if (keys.length >= (facts.livingKeys ?? 0)) throw new KeyLimitReached('No more keys may live.');
          const key = add('function', value?.reveal(), named ? name : undefined, now());
          return { id: chosen ? '' : key.id, value: new Sensitive(key.value) };
        }),
      accepts: ({ value }) =>
        effects.perform('target', 'ask if a key is accepted', () => keys.some((key) => key.value === value.reveal())),
      list: () =>
        effects.perform('target', 'list the keys', () =>
          keys.map(({ id, name, value, createdAt }) => ({
            id,
            createdAt,
            ...(name !== undefined && named && { name }),
            ...(chosen && { value: new Sensitive(value) }),
          })),
        ),
      retire: (id) =>
        effects.perform('target', 'end a key', () => {
          keys = keys.filter((key) => key.id !== id);
        }),
    };
    return {
      name: 'issuer in memory',
      settings: ADMINISTERED_KEY_SETTINGS,
      fields: { keyId: 'keyId', key: 'key' },
      open: async () => ({ issuer, dedicated: !named }),
      openToTest: async () => issuer,
      placeOf: () => 'memory',
    };
  }
}
