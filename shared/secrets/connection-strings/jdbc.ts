import type { Dialect, Slot } from './dialect.ts';
import { querySlot } from './percent-encoding.ts';
import { both, readQuery, readUserinfo } from './url-parts.ts';

const START = /^\s*jdbc:((?:[a-z0-9+_-]+:)+)(?:\/\/)?/i;

/**
 * `jdbc:postgresql://host/db?user=…&password=…`, also with wrappers (`jdbc:aws-wrapper:mysql://`), and with
 * `user:password@` where a driver takes it. `#` has no meaning to these drivers.
 */
export const jdbc: Dialect = {
  name: 'a JDBC URL',
  read(text) {
    const [prefix, subprotocols] = START.exec(text) ?? [];
    if (prefix === undefined || subprotocols === undefined) {
      return undefined;
    }
    const end = text.trimEnd().length;
    const userinfo = prefix.endsWith('//')
      ? readUserinfo(text, prefix.length, end, /[/?]/)
      : { usernames: [], passwords: [] };
    const question = text.indexOf('?', prefix.length);
    if (question === -1) {
      return userinfo;
    }
    const slot = /(?:^|:)mariadb:/i.test(subprotocols) ? rawSlot : querySlot;
    return both(userinfo, readQuery(text, question + 1, end, slot));
  },
};

/** MariaDB Connector/J splits its parameters at `&` and decodes nothing (`Configuration.java`). */
function rawSlot(text: string, start: number, end: number): Slot {
  return {
    start,
    end,
    readings: [text.slice(start, end)],
    write: (value) => (value.includes('&') || value !== value.trimEnd() ? undefined : value),
  };
}
