import type { Dialect, Slot } from './dialect.ts';

/**
 * One `keyword = value` of PostgreSQL's connection strings, with the white space that C's `isspace` knows
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE).
 */
const PAIR =
  /[ \t\n\v\f\r]*([a-z][a-z0-9_]*)[ \t\n\v\f\r]*=[ \t\n\v\f\r]*('(?:[^'\\]|\\[\s\S])*'|(?!')(?:[^ \t\n\v\f\r\\]|\\[\s\S])*)/y;
/** Without one of these, a text with `password=` in it is no connection string. */
const OTHERS = new Set(['host', 'hostaddr', 'port', 'dbname', 'user', 'service']);

/** `host=h user=u password='p q'` */
export const libpq: Dialect = {
  name: 'a libpq connection string',
  read(text) {
    const usernames: Slot[] = [];
    const passwords: Slot[] = [];
    const end = text.trimEnd().length;
    let recognized = false;
    let at = 0;
    while (at < end) {
      PAIR.lastIndex = at;
      const [pair, keyword, value] = PAIR.exec(text) ?? [];
      if (pair === undefined || keyword === undefined || value === undefined) {
        return undefined;
      }
      at += pair.length;
      recognized ||= OTHERS.has(keyword);
      const slot = { start: at - value.length, end: at, readings: [unquote(value)], write: quote };
      if (keyword === 'user') {
        usernames.push(slot);
      } else if (keyword === 'password') {
        passwords.push(slot);
      }
    }
    return recognized ? { usernames, passwords } : undefined;
  },
};

function unquote(value: string): string {
  const inner = value.startsWith("'") ? value.slice(1, -1) : value;
  return inner.replace(/\\([\s\S])/g, '$1');
}

function quote(value: string): string {
  return /^[A-Za-z0-9._~-]+$/.test(value) ? value : `'${value.replace(/[\\']/g, '\\$&')}'`;
}
