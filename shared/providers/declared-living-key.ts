import { Sensitive } from '../secrets/sensitive.ts';
import type { DeclaredList } from './declaration.ts';
import { at } from './json-pointer.ts';
import type { LivingKey } from './provider.ts';

/** @param unusable what to throw if the item is no key, or has a date that is none */
export function livingKeyIn(list: DeclaredList, item: unknown, unusable: (detail: string) => Error): LivingKey {
  const id = textIn(item, list.id);
  if (id === undefined) throw unusable('a key without an id');
  const name = list.name && textIn(item, list.name);
  const value = list.value && sensitiveIn(item, list.value);
  const createdAt = list.createdAt && dateIn(item, list.createdAt, unusable);
  const lastUsedAt = list.lastUsedAt && dateIn(item, list.lastUsedAt, unusable);
  return {
    id,
    ...(name !== undefined && { name }),
    ...(value && { value }),
    ...(createdAt && { createdAt }),
    ...(lastUsedAt && { lastUsedAt }),
  };
}

/** A text that is not empty; numbers, as some issuers' ids are, become texts. */
export function textIn(json: unknown, pointer: string): string | undefined {
  const value = at(json, pointer);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function sensitiveIn(json: unknown, pointer: string): Sensitive | undefined {
  const value = at(json, pointer);
  return typeof value === 'string' && value !== '' ? new Sensitive(value) : undefined;
}

function dateIn(item: unknown, pointer: string, unusable: (detail: string) => Error): Date | undefined {
  const text = textIn(item, pointer);
  if (text === undefined) return undefined;
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw unusable('a date that is none');
  return date;
}
