import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';

const text = new Sensitive<string>('canary-4711');
const bytes = new Sensitive<Uint8Array>(new TextEncoder().encode('canary-4711'));

describe.each([
  ['text', text],
  ['bytes', bytes],
])('a sensitive %s', (_, secret) => {
  it.each<[string, (secret: object) => string]>([
    ['a template', (it) => `${it}`],
    ['concatenation', (it) => `a${String(it)}`],
    ['JSON', (it) => JSON.stringify({ it, list: [it] })],
    ['inspect', (it) => inspect({ it }, { depth: 9, showHidden: true })],
    ['inspect without its own rule', (it) => inspect(it, { customInspect: false, showHidden: true })],
    ['console.log', (it) => format('%s %o %O %j', it, it, it, it)],
    ['spreading', (it) => inspect({ ...it })],
    ['its keys', (it) => Reflect.ownKeys(it).map(String).join()],
    ['an error', (it) => inspect(new Error(`${it}`, { cause: it }))],
  ])('is not shown by %s', (_way, show) => {
    const shown = show(secret);
    for (const form of ['canary-4711', Buffer.from('canary-4711').toString('base64'), '63 61 6e', '99, 97, 110']) {
      expect(shown).not.toContain(form);
    }
  });
});

describe('a sensitive value', () => {
  it('is given to whoever asks by name', () => {
    expect(text.reveal()).toBe('canary-4711');
    expect(Buffer.from(bytes.reveal()).toString()).toBe('canary-4711');
  });

  it('equals what is the same byte for byte', () => {
    expect(text.equals(new Sensitive('canary-4711'))).toBe(true);
    expect(text.equals(new Sensitive('canary-4712'))).toBe(false);
    // The same letters to a reader, other bytes to a server.
    expect(new Sensitive<string>('\u00e9').equals(new Sensitive('e\u0301'))).toBe(false);
    expect(bytes.equals(new Sensitive<Uint8Array>(Uint8Array.of(1)))).toBe(false);
  });
});
