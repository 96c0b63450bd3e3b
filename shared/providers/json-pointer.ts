import { isDeepStrictEqual } from 'node:util';
import type { Expectation } from './declaration.ts';

/** What stands at a place of a JSON document, by RFC 6901; `undefined` if nothing does. */
export function at(document: unknown, pointer: string): unknown {
  return pointer.split('/').slice(1).reduce<unknown>(step, document);
}

export function says(document: unknown, expected: Expectation = {}): boolean {
  return Object.entries(expected).every(([pointer, value]) => isDeepStrictEqual(at(document, pointer), value));
}

function step(parent: unknown, token: string): unknown {
  const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, name)) return undefined;
  return Reflect.get(parent, name);
}
