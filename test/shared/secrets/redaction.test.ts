import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DatabaseRefused } from '../../../shared/errors.ts';
import { Redaction } from '../../../shared/secrets/redaction.ts';
import { binaryValue, stringValue } from '../../../shared/secrets/secret-value.ts';

/** The forms in which a text turns up in logs, URLs and headers. */
const formsOf = (text: string): string[] => [
  text,
  encodeURIComponent(text),
  new URLSearchParams([['', text]]).toString().slice(1),
  JSON.stringify(text).slice(1, -1),
  Buffer.from(text).toString('base64'),
  Buffer.from(text).toString('base64').replace(/=+$/, ''),
  Buffer.from(text).toString('base64url'),
];

/** At least five characters, and not white space only, which is nobody's secret. */
const canary = fc
  .oneof(
    fc.string({ minLength: 5, unit: 'grapheme' }),
    fc.string({ minLength: 5, unit: 'binary' }),
    fc.string({ minLength: 5, unit: fc.constantFrom(...'"\\/%+& =?\'$^.*()[]{}|-äß€😀\n\ta0') }),
  )
  .filter((text) => text.trim() !== '' && !'[redacted]'.includes(text));

/** Whatever can be seen of an error: enumerable or not, its stack, and all its causes. */
const everythingIn = (error: Error): string => {
  const seen: string[] = [];
  for (let next: unknown = error; next instanceof Error; next = next.cause) {
    for (const name of Object.getOwnPropertyNames(next)) seen.push(String(Reflect.get(next, name)));
    seen.push(next.name, inspect(next, { showHidden: true, breakLength: Number.POSITIVE_INFINITY }));
  }
  return seen.join('\u0000');
};

describe('redaction', () => {
  it('lets no learned value through, in any of its forms, wherever it stands', () => {
    fc.assert(
      fc.property(canary, canary, fc.boolean(), (secret, other, json) => {
        const redaction = new Redaction();
        redaction.learn(stringValue(json ? JSON.stringify({ host: 'db', nested: [{ password: secret }] }) : secret));
        redaction.learnText(other);
        for (const form of [...formsOf(secret), ...formsOf(other)]) {
          for (const text of [form, `x${form}y`, `(${form})`, `${form}${form}`]) {
            expect(redaction.clean(text).includes(form)).toBe(false);
          }
        }
      }),
    );
  });

  it('leaves no part of a value whose beginning is another one', () => {
    const redaction = new Redaction();
    for (const value of ['hunter', 'hunter-and-gatherer']) redaction.learnText(value);
    expect(redaction.clean('as hunter-and-gatherer or hunter')).toBe('as [redacted] or [redacted]');
  });

  it.each(['base64', 'base64url', 'hex', 'latin1', 'utf8'] as const)('takes out a binary value as %s', (encoding) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 64 }), (bytes) => {
        const redaction = new Redaction();
        redaction.learn(binaryValue(bytes));
        const form = Buffer.from(bytes).toString(encoding);
        fc.pre(form.trim() !== '');
        expect(redaction.clean(`key ${form}.`).includes(form)).toBe(false);
      }),
    );
  });

  it('cleans message, stack, code and name of an error and of its causes, and drops all else', () => {
    fc.assert(
      // Marked, because a stack has words of its own that a generated value may happen to be.
      fc.property(
        canary.map((text) => `§${text}`),
        fc.integer({ min: 0, max: 12 }),
        (secret, depth) => {
          const redaction = new Redaction();
          redaction.learn(stringValue(JSON.stringify({ password: secret })));
          const all = formsOf(secret).join(' and ');
          let error: unknown = all;
          for (let level = 0; level <= depth; level += 1) {
            const next = level % 2 ? new AggregateError([error, new Error(all)], all) : new RangeError(all);
            next.cause = error;
            error = Object.assign(next, { code: all, detail: all, config: { password: secret } });
          }
          if (error instanceof Error) error.name = `Bad ${secret}`;
          const seen = everythingIn(redaction.cleanError(error));
          for (const form of formsOf(secret)) expect(seen.includes(form)).toBe(false);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('ends on errors that cause each other', () => {
    const redaction = new Redaction();
    redaction.learnText('canary-4711');
    const [chicken, egg] = [new Error('canary-4711 of the egg'), new Error('canary-4711 of the chicken')];
    chicken.cause = egg;
    egg.cause = chicken;
    const clean = redaction.cleanError(chicken);
    expect(clean.message).toBe('[redacted] of the egg');
    expect(everythingIn(clean)).not.toContain('canary-4711');
  });

  it('keeps the name, the code and the reason of an error, and says where it came from', () => {
    const error = Object.assign(new DatabaseRefused('db.example.com refuses', { cause: new Error('why') }), {
      code: '28000',
    });
    const clean = new Redaction().cleanError(error);
    expect(clean).toMatchObject({ name: 'DatabaseRefused', code: '28000', message: 'db.example.com refuses' });
    expect(clean.cause).toMatchObject({ message: 'why' });
    expect(clean.stack).toContain('redaction.test.ts');
  });

  it('keeps the name of our own errors even if a secret is called like one', () => {
    const redaction = new Redaction();
    redaction.learnText('DatabaseRefused');
    expect(redaction.cleanError(new DatabaseRefused('no')).name).toBe('DatabaseRefused');
  });

  it.each([
    ['canary-4711'],
    [['canary-4711']],
    [{ password: 'canary-4711' }],
    [{ toString: (): string => 'canary-4711' }],
  ])('makes an error of %j, when that is thrown, without its value', (thrown) => {
    const redaction = new Redaction();
    redaction.learnText('canary-4711');
    const clean = redaction.cleanError(thrown);
    expect(clean).toBeInstanceOf(Error);
    expect(everythingIn(clean)).not.toContain('canary-4711');
  });

  it.each([undefined, null, 42, Symbol('odd'), () => {}, Object.create(null)])('makes an error of %s too', (thrown) => {
    expect(new Redaction().cleanError(thrown).message).not.toBe('');
  });

  it('leaves readable where the secret belongs', () => {
    const where = {
      engine: 'postgres',
      host: 'db.example.com',
      port: 54320,
      username: 'app_user',
      dbname: 'orders',
      masterarn: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:master-a1B2c3',
      dbInstanceIdentifier: 'orders-instance',
      dbClusterIdentifier: 'orders-cluster',
    };
    const redaction = new Redaction();
    redaction.learn(stringValue(JSON.stringify({ ...where, password: 'canary-4711', apiKey: 'canary-4712' })));
    const sentence = Object.values(where).join(' ');
    expect(redaction.clean(`${sentence}: canary-4711, canary-4712`)).toBe(`${sentence}: [redacted], [redacted]`);
  });

  it("leaves readable what an issuer's secret says of places, and nothing else of it", () => {
    const arn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/app-AbCdEf';
    const place = {
      provider: 'datadog',
      baseUrl: 'https://api.example.com',
      target: 'production',
      keyId: 'key-id-4711',
    };
    const administrator = { serves: { [arn]: { targets: { production: { account: 'account-4711' } } } }, owner: [arn] };
    const rotated = { fields: { keyId: 'keyId', key: 'password' }, password: 'canary-4711' };
    const redaction = new Redaction();
    redaction.learn(stringValue(JSON.stringify({ ...place, ...administrator, apiKey: 'canary-4712' })));
    redaction.learn(stringValue(JSON.stringify({ ...place, ...rotated })));
    const readable = [...Object.values(place), arn, 'account-4711', 'password'].join(' ');
    expect(redaction.clean(`${readable}: canary-4711, canary-4712`)).toBe(`${readable}: [redacted], [redacted]`);
  });

  it.each([
    ['serves whom no ARN names', { serves: { somebody: 'canary-4711' } }],
    ['names fields that it has not', { fields: { key: 'canary-4711' } }],
    ['has something in "fields" that is no name', { fields: { key: ['canary-4711'] } }],
    ['has what only begins like an ARN', { other: 'arn:aws:canary-4711' }],
    ['has a key for a provider', { provider: { name: 'canary-4711' } }],
  ])('still takes it out where a secret %s', (_, secret) => {
    const redaction = new Redaction();
    redaction.learn(stringValue(JSON.stringify(secret)));
    expect(redaction.clean('arn:aws:canary-4711')).not.toContain('canary-4711');
  });

  it.each(['before', 'after'])('spares an identifier, whether that is said %s it is learned', (when) => {
    const redaction = new Redaction();
    if (when === 'before') redaction.spare('key-id-4711');
    redaction.learn(stringValue('{"DD_KEY_ID": "key-id-4711", "DD_API_KEY": "canary-4711"}'));
    if (when === 'after') redaction.spare('key-id-4711');
    expect(redaction.clean('key-id-4711: canary-4711')).toBe('key-id-4711: [redacted]');
  });

  it('takes out numbers and nested values of a JSON secret too', () => {
    const redaction = new Redaction();
    redaction.learn(stringValue('{"pin": 947261, "more": {"host": "inner-canary", "list": ["listed-canary"]}}'));
    expect(redaction.clean('947261 inner-canary listed-canary')).toBe('[redacted] [redacted] [redacted]');
  });

  it('takes out any short value that stands alone', () => {
    const short = fc.oneof(
      fc.string({ minLength: 3, maxLength: 4 }),
      fc.string({ minLength: 3, maxLength: 4, unit: fc.constantFrom(...' ^$\\.*+?()[]{}|/-&#~"\'') }),
    );
    fc.assert(
      fc.property(short, (text) => {
        fc.pre(text.trim() !== '' && !' [redacted] '.includes(text));
        const redaction = new Redaction();
        redaction.learnText(text);
        expect(redaction.clean(` ${text} `).includes(text)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes out short values only where they stand alone, and very short ones not at all', () => {
    const redaction = new Redaction();
    for (const value of ['tls', 'no', '1', '', '   ']) redaction.learnText(value);
    expect(redaction.clean('tls: no 1 titles, a bottlstop   "tls"')).toBe(
      '[redacted]: no 1 titles, a bottlstop   "[redacted]"',
    );
  });
});

describe('a credential that is also an identifier', () => {
  it.each(['before', 'after'])('stays unseen when it was concealed %s somebody said that it may be seen', (when) => {
    const redaction = new Redaction();
    if (when === 'before') redaction.conceal('key-that-is-its-own-id');
    const shown = redaction.spare('key-that-is-its-own-id');
    if (when === 'after') redaction.conceal('key-that-is-its-own-id');
    else expect(shown).toMatch(/^SHA-256 [0-9a-f]{8}…$/);
    expect(redaction.clean('of key-that-is-its-own-id')).toBe('of [redacted]');
    redaction.learn(stringValue('{"id": "key-that-is-its-own-id"}'));
    expect(redaction.clean('of key-that-is-its-own-id')).toBe('of [redacted]');
  });

  it.each([
    ['base64', 'AKID:account-17', Buffer.from('AKID:account-17').toString('base64')],
    ['URL encoding', 'a b/cdefgh', 'a%20b%2Fcdefgh'],
  ])('stays unseen when what may be seen gives it by %s, whichever came first', (_, seen, credential) => {
    for (const order of ['conceal first', 'spare first']) {
      const redaction = new Redaction();
      if (order === 'conceal first') redaction.conceal(credential);
      redaction.spare(seen);
      if (order === 'spare first') redaction.conceal(credential);
      expect(redaction.clean(`${seen}, ${credential}`), order).toBe(`${seen}, [redacted]`);
    }
  });

  it('of which it is a part, or that is a part of it, is seen only as far as it is no credential', () => {
    const redaction = new Redaction();
    redaction.conceal('the-very-key');
    redaction.spare('id-of-the-very-key');
    redaction.spare('the-very');
    expect(redaction.clean('id-of-the-very-key, the-very-key, the-very')).toBe(
      'id-of-[redacted], [redacted], the-very',
    );
  });
});

it.each([
  ['arrays', '['.repeat(30_000), ']'.repeat(30_000)],
  ['objects', '{"a":'.repeat(10_000), '}'.repeat(10_000)],
])('a value within %s of any depth is taken out', (_, open, close) => {
  const redaction = new Redaction();
  redaction.learn(stringValue(`{"password": "p", "deep": ${open}"hidden deep"${close}}`));
  expect(redaction.clean('hidden deep')).toBe('[redacted]');
});
