import type { Dialect } from './dialect.ts';
import { type Quoting, readPairs } from './semicolon-pairs.ts';

/** What .NET's `DbConnectionStringBuilder` writes: bare, unless a character would end or open something. */
const quotes: Quoting = {
  marks: new Map([
    ['"', '"'],
    ["'", "'"],
  ]),
  write: (value) => (/^[^\s"'=;{}\p{Cc}]+$/u.test(value) ? value : `"${value.replaceAll('"', '""')}"`),
};

/** `Server=h;User Id=u;Password="p;q";` */
export const adoNet: Dialect = {
  name: 'an ADO.NET connection string',
  read(text) {
    const pairs = readPairs(text, 0, quotes);
    return pairs !== undefined && pairs.keys.length > 1 ? pairs : undefined;
  },
};
