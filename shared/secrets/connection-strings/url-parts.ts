import type { Credentials, Slot } from './dialect.ts';
import { percentDecode, percentSlot } from './percent-encoding.ts';

/**
 * `user:password@` before the hosts (RFC 3986, section 3.2.1). `new URL` is of no use here: it refuses the several hosts of
 * MongoDB and PostgreSQL, and does not say where in the text it found what.
 */
export function readUserinfo(text: string, start: number, end: number, delimiters: RegExp): Credentials {
  const length = text.slice(start, end).search(delimiters);
  const authority = length === -1 ? text.slice(start, end) : text.slice(start, start + length);
  const at = authority.lastIndexOf('@');
  const colon = authority.indexOf(':');
  if (at === -1) {
    return { usernames: [], passwords: [] };
  }
  const hasPassword = colon !== -1 && colon < at;
  const usernameEnd = start + (hasPassword ? colon : at);
  return {
    usernames: usernameEnd > start ? [percentSlot(text, start, usernameEnd)] : [],
    passwords: hasPassword ? [percentSlot(text, usernameEnd + 1, start + at)] : [],
  };
}

/** `name=value` pairs between `&`s that name a user or a password. */
export function readQuery(
  text: string,
  start: number,
  end: number,
  slot: (text: string, start: number, end: number) => Slot,
): Credentials {
  const usernames: Slot[] = [];
  const passwords: Slot[] = [];
  let from = start;
  for (const pair of text.slice(start, end).split('&')) {
    const equals = pair.indexOf('=');
    const name = percentDecode(pair.slice(0, Math.max(0, equals)));
    if (name === 'user') {
      usernames.push(slot(text, from + equals + 1, from + pair.length));
    } else if (name === 'password') {
      passwords.push(slot(text, from + equals + 1, from + pair.length));
    }
    from += pair.length + 1;
  }
  return { usernames, passwords };
}

export function both(a: Credentials, b: Credentials): Credentials {
  return { usernames: [...a.usernames, ...b.usernames], passwords: [...a.passwords, ...b.passwords] };
}
