import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { binaryValue, sameValue, stringValue } from '../../../shared/secrets/secret-value.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('the value of a secret', () => {
  it.each([
    ['equal strings', stringValue('a'), stringValue('a'), true],
    ['different strings', stringValue('a'), stringValue('b'), false],
    ['equal bytes', binaryValue(bytes('a')), binaryValue(bytes('a')), true],
    ['different bytes', binaryValue(bytes('a')), binaryValue(bytes('ab')), false],
    ['a string and its bytes', stringValue('a'), binaryValue(bytes('a')), false],
    ['bytes and their string', binaryValue(bytes('a')), stringValue('a'), false],
  ])('compares %s', (_, a, b, same) => {
    expect(sameValue(a, b)).toBe(same);
  });

  it.each([
    ['a string', stringValue('hunter2')],
    ['bytes', binaryValue(bytes('hunter2'))],
  ])('does not show %s', (_, value) => {
    const shown = [inspect(value, { depth: 9, showHidden: true }), JSON.stringify(value), String(value)].join();
    expect(shown).toContain('[redacted]');
    expect(shown).not.toContain('hunter2');
    expect(shown).not.toContain('104'); // the h of a printed byte array
  });
});
