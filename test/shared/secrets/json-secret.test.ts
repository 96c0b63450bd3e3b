import { inspect } from 'node:util';
import fc from 'fast-check';
import { parseTree } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import { InvalidSecret } from '../../../shared/errors.ts';
import { topLevelMembers } from '../../../shared/secrets/json-members.ts';
import { JsonSecret } from '../../../shared/secrets/json-secret.ts';
import { binaryValue, stringValue } from '../../../shared/secrets/secret-value.ts';

const parse = (text: string) => JsonSecret.parse(stringValue(text));
const textOf = (secret: JsonSecret) => {
  const value = secret.toValue();
  return value.kind === 'string' ? value.text.reveal() : undefined;
};
const thrownBy = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
};

const jsonObject = fc
  .tuple(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 1, '\t', ' \r\n'))
  .map(([object, indent]) => ({ object, text: JSON.stringify(object, undefined, indent) }));

describe('a JSON secret', () => {
  it('keeps everything but the changed fields to the byte', () => {
    const written = (password: string) =>
      `\r\n{ "big" : 12345678901234567890,"one":1.0,\t"huge":1e400 , "password":${password} ,"n\\u0061me":"\\u00e9\\/",\n"nested": {"password": "keep", "list": ["password", {"}":"]"}]}, "" : null}\n`;
    const secret = parse(written('"old, \\"}"')).with(new Map([['password', 'n"e\\w\n\u2028']]));
    expect(textOf(secret)).toBe(written('"n\\"e\\\\w\\n\u2028"'));
  });

  it('changes several fields, whatever their order', () => {
    const changes = new Map([
      ['b', '2'],
      ['a', '1'],
    ]);
    expect(textOf(parse('{"a":"","x":0,"b":""}').with(changes))).toBe('{"a":"1","x":0,"b":"2"}');
  });

  it('finds a field by its decoded name', () => {
    expect(textOf(parse('{"p\\u0061ss":"old"}').with(new Map([['pass', 'new']])))).toBe('{"p\\u0061ss":"new"}');
  });

  it('changes nothing in the secret that it was made from', () => {
    const secret = parse('{"a":"old"}');
    secret.with(new Map([['a', 'new']]));
    expect(secret.string('a')).toBe('old');
  });

  it('reads and changes a field called __proto__ like any other', () => {
    const secret = parse('{"__proto__":"x","constructor":"y"}');
    expect([...secret.fields()]).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(textOf(secret.with(new Map([['__proto__', 'z']])))).toBe('{"__proto__":"z","constructor":"y"}');
    expect(parse('{}').string('__proto__')).toBeUndefined();
  });

  it('lists fields in the order of the text, numbers included', () => {
    expect(parse('{"b":"1","2":"x","a":true,"1":"y"}').stringFields()).toEqual(['b', '2', '1']);
  });

  it('tells an absent, a null and an empty field from a string', () => {
    const secret = parse('{"text":"t","nothing":null,"empty":""}');
    expect(secret.string('text')).toBe('t');
    expect(secret.string('nothing')).toBeUndefined();
    expect(secret.string('absent')).toBeUndefined();
    expect(secret.string('empty')).toBe('');
    expect(secret.requiredString('text')).toBe('t');
    for (const name of ['nothing', 'absent', 'empty']) {
      expect(() => secret.requiredString(name)).toThrow(InvalidSecret);
    }
  });

  it.each(['5', 'true', '["s"]', '{"s":"s"}'])('refuses %s where a string belongs', (json) => {
    expect(() => parse(`{"port":${json}}`).string('port')).toThrow('"port"');
    expect(() => parse(`{"port":${json}}`).string('port')).toThrow(InvalidSecret);
    expect(() => parse(`{"port":${json}}`).with(new Map([['port', '1']]))).toThrow(InvalidSecret);
  });

  it('refuses to change a field that is absent', () => {
    expect(() => parse('{}').with(new Map([['a', '1']]))).toThrow(InvalidSecret);
  });

  describe.each([
    ['one line', '{"z": 1.0, "a": "x"}', '{"z": 1.0, "a": "x", "b": "new"}'],
    ['no white space', '{"z":1.0,"a":"x"}', '{"z":1.0,"a":"x","b":"new"}'],
    ['a line each', '{\n\t"a" : "x",\r\n\t"z": 1.0\n}\n', '{\n\t"a" : "x",\n\t"b" : "new",\r\n\t"z": 1.0\n}\n'],
    ['another spelling', '{"\\u0061":"\\u0078"}', '{"\\u0061":"\\u0078","b":"new"}'],
  ])('written in %s', (_, before, after) => {
    it('gets a new field right behind another one, spaced like it', () => {
      expect(textOf(parse(before).withField('b', 'new', 'a'))).toBe(after);
    });

    it('gets another value in that field where it stands', () => {
      expect(textOf(parse(after).withField('b', 'newer', 'z'))).toBe(after.replace('new', 'newer'));
    });
  });

  it('takes null for a field that waits for its value', () => {
    expect(textOf(parse('{"b": null, "a": "x"}').withField('b', 'new', 'a'))).toBe('{"b": "new", "a": "x"}');
  });

  it.each([
    ['is something else', '{"a":"x","b":5}', '"b"'],
    ['would have no neighbour', '{"c":"x"}', '"a"'],
  ])('refuses to place a field that %s', (_, text, named) => {
    expect(() => parse(text).withField('b', 'new', 'a')).toThrow(InvalidSecret);
    expect(() => parse(text).withField('b', 'new', 'a')).toThrow(named);
  });

  it.each([
    ['a bare password', 'hunter2'],
    ['an empty string', ''],
    ['a byte order mark', '\ufeff{"password":"hunter2"}'],
    ['a comment', '{"password":"hunter2"/**/}'],
    ['a trailing comma', '{"password":"hunter2",}'],
    ['single quotes', "{'password':'hunter2'}"],
    ['a cut-off object', '{"password":"hunter2"'],
    ['two objects', '{"password":"hunter2"}{}'],
    ['an array', '["hunter2"]'],
    ['a string', '"hunter2"'],
    ['null', 'null'],
    ['a number', '2'],
    ['a field twice', '{"hunter2":"hunter2","hunter2":"hunter2"}'],
    ['a field twice, in two spellings', '{"password":"hunter2","p\\u0061ssword":"hunter2"}'],
  ])('refuses %s and does not quote it', (_, text) => {
    const error = thrownBy(() => parse(text));
    expect(error).toBeInstanceOf(InvalidSecret);
    expect(inspect(error, { depth: 9, showHidden: true }).replace(/\n {4}at [^\n]*/g, '')).not.toContain('hunter2');
    expect(error).not.toHaveProperty('cause');
  });

  it('refuses a binary value, even of JSON', () => {
    expect(() => JsonSecret.parse(binaryValue(new TextEncoder().encode('{}')))).toThrow(InvalidSecret);
  });

  it('does not show what it holds', () => {
    const secret = parse('{"username":"hunter2"}');
    expect(inspect(secret, { depth: 9, showHidden: true }) + JSON.stringify(secret) + String(secret)).not.toContain(
      'hunter2',
    );
  });

  it('finds members where a reference parser finds them', () => {
    fc.assert(
      fc.property(jsonObject, ({ text }) => {
        const reference = (parseTree(text)?.children ?? []).map(({ children: [key, value] = [] }) => ({
          name: key?.value,
          nameStart: key?.offset,
          nameEnd: (key?.offset ?? 0) + (key?.length ?? 0),
          start: value?.offset,
          end: (value?.offset ?? 0) + (value?.length ?? 0),
        }));
        expect(topLevelMembers(text)).toEqual(reference);
      }),
    );
  });

  it('reads back what it wrote, and leaves the rest alone', () => {
    fc.assert(
      fc.property(jsonObject, fc.string({ unit: 'binary' }), ({ object, text }, change) => {
        const secret = parse(text);
        const changed = secret.with(new Map(secret.stringFields().map((name) => [name, change])));
        const expected = Object.entries(object).map(([name, value]) => [
          name,
          typeof value === 'string' ? change : JSON.parse(JSON.stringify(value)),
        ]);
        expect([...changed.fields()]).toEqual(expected);
      }),
    );
  });

  it('has all its fields in their order around one that is added', () => {
    const withNeighbour = jsonObject
      .filter(({ object }) => Object.keys(object).length > 0)
      .chain((written) => fc.tuple(fc.constant(written), fc.nat()));
    fc.assert(
      fc.property(withNeighbour, fc.string({ unit: 'binary' }), fc.string(), ([{ text }, at], value, name) => {
        const fields = [...parse(text).fields()];
        fc.pre(fields.every(([there]) => there !== name));
        const position = at % fields.length;
        const added = parse(text).withField(name, value, fields[position]?.[0] ?? '');
        expect([...added.fields()]).toEqual(fields.toSpliced(position + 1, 0, [name, value]));
      }),
    );
  });

  it('never fails but with InvalidSecret', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        const error = thrownBy(() => parse(text));
        expect(error === undefined || error instanceof InvalidSecret).toBe(true);
      }),
    );
  });
});

it.each([
  ['arrays', '['.repeat(30_000), ']'.repeat(30_000)],
  ['objects', '{"a":'.repeat(10_000), '}'.repeat(10_000)],
])('a secret of %s within each other is refused by name, before anything walks through it', (_, open, close) => {
  const parse = () => JsonSecret.parse(stringValue(`{"password": "p", "deep": ${open}1${close}}`));
  expect(parse).toThrow(expect.objectContaining({ name: 'InvalidSecret' }));
  expect(parse).toThrow(/nested more than 200 levels/);
});
