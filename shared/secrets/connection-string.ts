import { InvalidSecret } from '../errors.ts';
import { adoNet } from './connection-strings/ado-net.ts';
import type { Credentials, Dialect, Slot } from './connection-strings/dialect.ts';
import { jdbc } from './connection-strings/jdbc.ts';
import { jdbcSqlServer } from './connection-strings/jdbc-sqlserver.ts';
import { libpq } from './connection-strings/libpq.ts';
import { odbc } from './connection-strings/odbc.ts';
import { url } from './connection-strings/url.ts';

export interface Login {
  readonly username?: string | undefined;
  readonly password: string;
}

/** A text may be of several dialects; the first in which it names the old login counts. */
const DIALECTS: readonly Dialect[] = [url, jdbcSqlServer, jdbc, libpq, odbc, adoNet];

/**
 * The string fields that are connection strings for `from`, rewritten for `to`; all else in them is kept to the byte.
 *
 * A connection string is for `from` if every password in it is `from.password` and, where `from.username` is known, every
 * user name in it is that one. A connection string that names no user takes the new password only: whoever reads it has
 * the user from elsewhere.
 *
 * @throws InvalidSecret if a field's dialect cannot express the new login; never for what a field looks like.
 */
export function followConnectionStrings(
  fields: ReadonlyMap<string, unknown>,
  from: Login,
  to: Login,
): ReadonlyMap<string, string> {
  const changes = new Map<string, string>();
  for (const [name, text] of from.password === '' ? [] : fields) {
    const followed = typeof text === 'string' ? follow(name, text, from, to) : undefined;
    if (followed !== undefined && followed !== text) {
      changes.set(name, followed);
    }
  }
  return changes;
}

function follow(field: string, text: string, from: Login, to: Login): string | undefined {
  for (const dialect of DIALECTS) {
    const credentials = dialect.read(text);
    if (credentials !== undefined && isFor(credentials, from)) {
      return rewrite(text, edits(credentials, from, to), field, dialect);
    }
  }
  return undefined;
}

function isFor({ usernames, passwords }: Credentials, { username, password }: Login): boolean {
  return (
    passwords.length > 0 &&
    passwords.every(({ readings }) => readings.includes(password)) &&
    (username === undefined || usernames.every(({ readings }) => readings.includes(username)))
  );
}

interface Edit {
  readonly slot: Slot;
  readonly value: string;
}

/** What stays the same is not written again: its spelling is the owner's. */
function edits({ usernames, passwords }: Credentials, from: Login, to: Login): Edit[] {
  const { username } = to;
  const renamed = from.username !== undefined && username !== undefined && from.username !== username;
  return [
    ...(renamed ? usernames.map((slot) => ({ slot, value: username })) : []),
    ...(from.password === to.password ? [] : passwords.map((slot) => ({ slot, value: to.password }))),
  ].sort((a, b) => a.slot.start - b.slot.start);
}

function rewrite(text: string, changes: readonly Edit[], field: string, dialect: Dialect): string {
  let rewritten = '';
  let copied = 0;
  for (const { slot, value } of changes) {
    const written = slot.write(value);
    if (written === undefined) {
      throw new InvalidSecret(
        `The secret's field ${JSON.stringify(field)} is ${dialect.name} that cannot express the new login: its driver decodes nothing. Add & to EXCLUDE_CHARACTERS, or take the password out of the field.`,
      );
    }
    rewritten += text.slice(copied, slot.start) + written;
    copied = slot.end;
  }
  return rewritten + text.slice(copied);
}
