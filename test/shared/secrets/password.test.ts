import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidSetting } from '../../../shared/errors.ts';
import {
  type CharacterPolicy,
  meetsPolicy,
  type RandomBytes,
  randomKey,
  randomPassword,
  strengthInBits,
} from '../../../shared/secrets/password.ts';

const UPPERCASE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const LOWERCASE = UPPERCASE.toLowerCase();
const DIGITS = '0123456789';
const PRINTABLE = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index)).join('');

const policy = (changes: Partial<CharacterPolicy> = {}): CharacterPolicy => ({
  shape: 'ascii',
  length: 32,
  excludeCharacters: '',
  excludeUppercase: false,
  excludeLowercase: false,
  excludeNumbers: false,
  excludePunctuation: false,
  requireEachIncludedType: false,
  ...changes,
});

/** Only these characters of ASCII are left. */
const only = (characters: string) => [...PRINTABLE].filter((c) => !characters.includes(c)).join('');

/** Gives these bytes once, then fails: a test that needs more is wrong. */
const bytesOnce = (bytes: number[]): RandomBytes => {
  const left = [...bytes];
  return (count) => {
    if (left.length === 0) {
      throw new Error('out of bytes');
    }
    return Uint8Array.from(left.splice(0, count));
  };
};

/** The one character that a byte stands for, or none if the byte is thrown away. */
const characterOf = (byte: number, drawn: CharacterPolicy): string | undefined => {
  try {
    return randomPassword({ ...drawn, length: 1 }, bytesOnce([byte])).reveal();
  } catch {
    return undefined;
  }
};

const counted = (texts: Iterable<string>): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const text of texts) {
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts;
};

describe('a random password', () => {
  it.each(Array.from({ length: 94 }, (_, index) => index + 1))(
    'draws each of %i characters from equally many bytes',
    (size) => {
      const alphabet = PRINTABLE.slice(0, size);
      const drawn = policy({ excludeCharacters: only(alphabet) });
      const all = Array.from({ length: 256 }, (_, byte) => characterOf(byte, drawn) ?? 'none');
      const counts = counted(all.filter((c) => c !== 'none'));
      expect([...counts.keys()].sort()).toEqual([...alphabet].sort());
      expect(new Set(counts.values())).toEqual(new Set([Math.floor(256 / size)]));
    },
  );

  it('is one of the strings with every required type, all equally likely', () => {
    // Types of unequal size (A B, a, 0): the case in which placing one of each first would be biased.
    const drawn = policy({ length: 3, excludeCharacters: only('ABa0'), requireEachIncludedType: true });
    const found: string[] = [];
    const bytes = [0, 1, 2, 3];
    for (const triple of bytes.flatMap((a) => bytes.flatMap((b) => bytes.map((c) => [a, b, c])))) {
      try {
        // Six bytes a draw: three are used, and three thrown away.
        found.push(randomPassword(drawn, bytesOnce([...triple, 0, 0, 0])).reveal());
      } catch {
        // thrown away: the source was asked for more
      }
    }
    // 3! orders of (A or B), a, 0
    expect(found).toHaveLength(12);
    expect(new Set(found).size).toBe(12);
    expect(found.every((text) => /[AB]/.test(text) && /a/.test(text) && /0/.test(text))).toBe(true);
    expect(2 ** strengthInBits(drawn)).toBe(8); // floor(log2(12)) = 3
  });

  it.each([
    ['ascii', policy(), /^[\x21-\x7e]{32}$/],
    ['ascii without the usual exclusions', policy({ excludeCharacters: '/@"\'\\' }), /^[^/@"'\\\s]{32}$/],
    ['alphanumeric', policy({ shape: 'alphanumeric' }), /^[A-Za-z0-9]{32}$/],
    ['digits', policy({ shape: 'digits', length: 6 }), /^[0-9]{6}$/],
    ['no uppercase', policy({ excludeUppercase: true }), /^[^A-Z]{32}$/],
    ['no lowercase', policy({ excludeLowercase: true }), /^[^a-z]{32}$/],
    ['no numbers', policy({ excludeNumbers: true }), /^[^0-9]{32}$/],
    ['no punctuation', policy({ excludePunctuation: true }), /^[A-Za-z0-9]{32}$/],
    ['hex', { shape: 'hex', length: 32 } as const, /^[0-9a-f]{64}$/],
    ['base64', { shape: 'base64', length: 32 } as const, /^[A-Za-z0-9+/]{43}=$/],
    ['base64url', { shape: 'base64url', length: 32 } as const, /^[A-Za-z0-9_-]{43}$/],
    ['uuid', { shape: 'uuid' } as const, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/],
  ])('has the shape %s', (_, drawn, shape) => {
    for (let round = 0; round < 200; round += 1) {
      const text = randomPassword(drawn).reveal();
      expect(text).toMatch(shape);
      expect(meetsPolicy(drawn, text)).toBe(true);
    }
  });

  it('encodes the bytes of its source', () => {
    const source = bytesOnce([0xfb, 0xff, 0x00]);
    expect(randomPassword({ shape: 'base64url', length: 3 }, source).reveal()).toBe('-_8A');
  });

  it('has every included type and nothing excluded, for any policy that can be met', () => {
    const anyPolicy = fc.record({
      shape: fc.constantFrom('ascii' as const, 'alphanumeric' as const),
      length: fc.integer({ min: 4, max: 40 }),
      excludeCharacters: fc.string({ maxLength: 40 }),
      excludeUppercase: fc.boolean(),
      excludeLowercase: fc.boolean(),
      excludeNumbers: fc.boolean(),
      excludePunctuation: fc.boolean(),
      requireEachIncludedType: fc.constant(true),
    });
    fc.assert(
      fc.property(anyPolicy, (drawn) => {
        const types = [
          drawn.excludeUppercase ? '' : UPPERCASE,
          drawn.excludeLowercase ? '' : LOWERCASE,
          drawn.excludeNumbers ? '' : DIGITS,
          drawn.excludePunctuation || drawn.shape === 'alphanumeric' ? '' : PRINTABLE.replace(/[A-Za-z0-9]/g, ''),
        ]
          .map((type) => [...type].filter((c) => !drawn.excludeCharacters.includes(c)))
          .filter((type) => type.length > 0);
        fc.pre(types.length > 0);
        const text = randomPassword(drawn).reveal();
        expect(text).toHaveLength(drawn.length);
        expect(types.every((type) => type.some((c) => text.includes(c)))).toBe(true);
        expect([...text].every((c) => types.flat().includes(c))).toBe(true);
      }),
    );
  });

  it.each([
    ['nothing left to draw from', policy({ excludeCharacters: PRINTABLE })],
    ['more required types than characters', policy({ length: 3, requireEachIncludedType: true })],
    ['no length', policy({ length: 0 })],
  ])('is refused with %s', (_, drawn) => {
    expect(() => randomPassword(drawn)).toThrow(InvalidSetting);
    expect(strengthInBits({ ...drawn })).toBe(0);
  });

  it('gives up on a broken source instead of hanging', () => {
    const stuck: RandomBytes = (count) => new Uint8Array(count);
    expect(() => randomPassword(policy({ requireEachIncludedType: true }), stuck)).toThrow('random source');
  });

  it('needs more than the allowed attempts in less than one policy in 2^128', () => {
    // Four characters, one of each type: 4! orders. Longer passwords and fewer types are likelier to have them all.
    let least = 1;
    for (let u = 1; u <= 26; u += 1) {
      for (let l = 1; l <= 26; l += 1) {
        for (let d = 1; d <= 10; d += 1) {
          for (const p of [1, 2, 31, 32]) {
            least = Math.min(least, (24 * u * l * d * p) / (u + l + d + p) ** 4);
          }
        }
      }
    }
    expect(Math.round(1 / least)).toBe(1954);
    expect(200_000 * Math.log2(1 - least)).toBeLessThan(-128);
  });

  it('does not print itself', () => {
    expect(`${randomPassword(policy())}${JSON.stringify(randomPassword(policy()))}`).toBe('[redacted]"[redacted]"');
  });

  it('can be a key of bytes', () => {
    expect(randomKey(32).reveal()).toHaveLength(32);
    expect(randomKey(32).equals(randomKey(32))).toBe(false);
  });
});

describe('a policy', () => {
  const everyType = policy({ length: 4, requireEachIncludedType: true });
  const uuid = { shape: 'uuid' } as const;
  it.each([
    ['too short', everyType, 'aA0'],
    ['too long', everyType, 'aA0!x'],
    ['without a required type', everyType, 'aA0x'],
    ['with an excluded character', policy({ length: 4, excludeCharacters: 'x' }), 'aA0x'],
    ['with a character that is not drawn', policy({ length: 4 }), 'aA0é'],
    ['with letters among digits', policy({ shape: 'digits', length: 4 }), '123x'],
    ['in capital hex', { shape: 'hex', length: 2 } as const, 'ABCD'],
    ['with too few bytes', { shape: 'base64', length: 2 } as const, 'AA=='],
    ['without padding', { shape: 'base64', length: 2 } as const, 'AAA'],
    ['with bits that decode to nothing', { shape: 'base64url', length: 2 } as const, 'AAB'],
    ['in the other alphabet', { shape: 'base64url', length: 3 } as const, '+/AA'],
    ['of another version', uuid, '00000000-0000-1000-8000-000000000000'],
    ['in capitals', uuid, 'AAAAAAAA-0000-4000-8000-000000000000'],
  ])('is not met by a password %s', (_, wanted, text) => {
    expect(meetsPolicy(wanted, text)).toBe(false);
  });

  it('is met by just the strings that can be drawn', () => {
    const wanted = policy({ length: 2, excludeCharacters: only('aB0'), requireEachIncludedType: false });
    const characters = ['', 'a', 'B', '0', 'x'];
    const met = characters
      .flatMap((a) => characters.map((b) => a + b))
      .filter((text, index, all) => all.indexOf(text) === index && meetsPolicy(wanted, text));
    expect(met.toSorted()).toEqual(['00', '0B', '0a', 'B0', 'BB', 'Ba', 'a0', 'aB', 'aa']);
  });
});

describe('the strength of a policy', () => {
  it.each([
    ['94 characters, 32 places', policy(), Math.floor(32 * Math.log2(94))],
    ['8 characters of the default alphabet', policy({ length: 8, excludeCharacters: '/@"\'\\' }), 51], // 8 * log2(89) = 51.8
    ['6 digits', policy({ shape: 'digits', length: 6 }), 19], // log2(1e6) = 19.93
    ['a power of two, exactly', policy({ length: 10, excludeCharacters: only('ab') }), 10],
    ['one possible password', policy({ length: 9, excludeCharacters: only('a') }), 0],
    ['one character of each type', policy({ length: 4, requireEachIncludedType: true }), 22], // 24 * 26 * 26 * 10 * 32
    ['hex', { shape: 'hex', length: 16 } as const, 128],
    ['base64', { shape: 'base64', length: 24 } as const, 192],
    ['uuid', { shape: 'uuid' } as const, 122],
  ])('counts %s', (_, counted, bits) => {
    expect(strengthInBits(counted)).toBe(bits);
  });

  it('counts only the strings that have each required type', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.subarray([...'AbB0!'], { minLength: 1 }), (length, characters) => {
        let strings = [''];
        for (let place = 0; place < length; place += 1) {
          strings = strings.flatMap((text) => characters.map((c) => text + c));
        }
        const types = [/[A-Z]/, /[a-z]/, /[0-9]/, /!/].filter((type) => characters.some((c) => type.test(c)));
        const count = strings.filter((text) => types.every((type) => type.test(text))).length;
        const counted = policy({
          length,
          excludeCharacters: only(characters.join('')),
          requireEachIncludedType: true,
        });
        expect(strengthInBits(counted)).toBe(count === 0 ? 0 : Math.floor(Math.log2(count)));
      }),
    );
  });
});
