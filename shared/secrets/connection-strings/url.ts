import type { Dialect } from './dialect.ts';
import { querySlot } from './percent-encoding.ts';
import { both, readQuery, readUserinfo } from './url-parts.ts';

const START = /^\s*([a-z][a-z0-9+.-]*):\/\//i;
/** The schemes in which WHATWG URLs read `\` as `/`. */
const SPECIAL = /^(?:https?|wss?|ftp)$/i;
/** Whose drivers take the user and the password from the query as well; `postgresql+psycopg` is SQLAlchemy's. */
const WITH_QUERY = /^postgres(?:ql)?(?:\+.*)?$/i;

/** `scheme://user:password@host,host/path?query#fragment` */
export const url: Dialect = {
  name: 'a URL',
  read(text) {
    const [prefix, scheme] = START.exec(text) ?? [];
    if (prefix === undefined || scheme === undefined) {
      return undefined;
    }
    const end = text.trimEnd().length;
    const userinfo = readUserinfo(text, prefix.length, end, SPECIAL.test(scheme) ? /[/?#\\]/ : /[/?#]/);
    const [query] = /^[^?#]*\?[^#]*/.exec(text.slice(prefix.length, end)) ?? [];
    if (query === undefined || !WITH_QUERY.test(scheme)) {
      return userinfo;
    }
    const start = prefix.length + query.indexOf('?') + 1;
    return both(userinfo, readQuery(text, start, prefix.length + query.length, querySlot));
  },
};
