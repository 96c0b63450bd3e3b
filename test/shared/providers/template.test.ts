import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidSecret } from '../../../shared/errors.ts';
import { at } from '../../../shared/providers/json-pointer.ts';
import { filledHeader, filledJson, filledText, filledUrl, templatesIn } from '../../../shared/providers/template.ts';
import { strangeText } from '../../support/strange-text.ts';

const values = (value: unknown) => new Map([['target.x', value]]);

describe('a template', () => {
  it('in a URL leads nowhere else, whatever is put into it', () => {
    fc.assert(
      fc.property(
        fc.oneof(strangeText(60), fc.constantFrom('../..', '/', '?', '#', '@evil.example', '%2e%2e', '\\', '')),
        (text) => {
          let path: string;
          try {
            path = filledUrl('/a/{target.x}/b?c={target.x}', values(text));
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidSecret);
            return;
          }
          const url = new URL(`https://issuer.example${path}`);
          expect(url.origin).toBe('https://issuer.example');
          expect(url.pathname.split('/').map(decodeURIComponent)).toEqual(['', 'a', text, 'b']);
          expect(url.searchParams.get('c')).toBe(text);
          expect(url.hash).toBe('');
        },
      ),
    );
  });

  it.each(['', '.', '..'])('in a URL takes no %j, which would name another thing', (text) =>
    expect(() => filledUrl('/keys/{target.x}', values(text))).toThrow(InvalidSecret),
  );

  it('in JSON changes no structure, whatever is put into it', () => {
    fc.assert(
      fc.property(strangeText(80), (text) => {
        const filled = filledJson({ a: '{target.x}', b: ['<{target.x}>', 1, null, true] }, values(text));
        expect(JSON.parse(JSON.stringify(filled))).toEqual({ a: text, b: [`<${text}>`, 1, null, true] });
      }),
    );
  });

  it('that is the whole string gives the value as it is, and nothing where there is none', () => {
    const policies = [{ effect: 'allow', groups: [1, 2] }];
    expect(filledJson({ policies: '{target.x}', none: '{target.y}', list: ['{target.y}'] }, values(policies))).toEqual({
      policies,
      list: [],
    });
  });

  it('is not filled a second time', () => {
    const both = new Map([
      ['name', '{key}'],
      ['key', 'canary-4711'],
    ]);
    expect(filledText('{name}', both)).toBe('{key}');
    expect(filledJson('{name}', both)).toBe('{key}');
  });

  it.each(['a\r\nX: y', 'a\nb', 'a\0', 'é', '\u2028'])('in a header takes no %j, and says which field it is', (text) =>
    expect(() => filledHeader('X-Key', 'Bearer {target.x}', values(text))).toThrow(/X-Key.*"target\.x"/),
  );

  it.each([undefined, null, true, {}, ['a']])('in a text takes no %j, and never quotes it', (value) =>
    expect(() => filledText('{target.x}', values(value))).toThrow(/"target\.x" must be a text or a number/),
  );

  it('is found wherever it stands', () => {
    expect(templatesIn({ a: 'x {name}', b: [{ c: '{target.some_field}' }, 4], d: '{ not }' })).toEqual([
      'name',
      'target.some_field',
    ]);
  });
});

/** The examples of RFC 6901, section 5. */
describe('a JSON pointer', () => {
  const document = { foo: ['bar', 'baz'], '': 0, 'a/b': 1, 'c%d': 2, ' ': 7, 'm~n': 8 };
  it.each([
    ['', document],
    ['/foo', ['bar', 'baz']],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/ ', 7],
    ['/m~0n', 8],
    ['/foo/2', undefined],
    ['/foo/length/x', undefined],
    ['/toString', undefined],
    ['/__proto__', undefined],
  ])('%j', (pointer, expected) => expect(at(document, pointer)).toEqual(expected));
});
