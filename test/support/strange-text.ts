import fc from 'fast-check';

/** Quotes, backslashes, semicolons, spaces and Unicode in many mixtures, up to so many bytes of UTF-8. */
export function strangeText(bytes: number): fc.Arbitrary<string> {
  const unit = fc.oneof(
    fc.constantFrom(...`'"\\;$%_ -/*{}()&?#@:=,\t\n`, '--', '/*', '$$', '${', '%00', "\\'", "';DROP ROLE app;--"),
    fc.constantFrom('é', 'e\u0301', 'ß', 'ﬁ', 'Ⅸ', 'ª', '\u00a0', '\u00ad', '\u3000', '密', '\u05d0', '🔑', '\ufeff'),
    fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }).map((text) => text.toWellFormed().replaceAll('\0', '0')),
  );
  const fitting = (text: string, next: string) => (Buffer.byteLength(text + next) > bytes ? text : text + next);
  return fc.array(unit, { minLength: 1, maxLength: 30 }).map((units) => units.reduce(fitting, ''));
}
