import type { Dialect } from './dialect.ts';
import { type Quoting, readPairs } from './semicolon-pairs.ts';

/** Braces, with `}` doubled ([MS-ODBCSTR]; Microsoft's JDBC driver reads the same since version 8.4). */
export const braces: Quoting = {
  marks: new Map([['{', '}']]),
  write: (value) => (/^[A-Za-z0-9._~-]+$/.test(value) ? value : `{${value.replaceAll('}', '}}')}}`),
};

/** `Driver={ODBC Driver 18 for SQL Server};Server=h;UID=u;PWD={p;q};` */
export const odbc: Dialect = {
  name: 'an ODBC connection string',
  read(text) {
    const pairs = readPairs(text, 0, braces);
    const isOdbc = pairs?.quoted || pairs?.keys.some((key) => ['driver', 'dsn', 'filedsn'].includes(key));
    return pairs !== undefined && isOdbc && pairs.keys.length > 1 ? pairs : undefined;
  },
};
