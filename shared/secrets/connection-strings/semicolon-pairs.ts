import type { Credentials, Slot } from './dialect.ts';

/** How a dialect of `key=value;` quotes its values. Inside quotes, the closing character is doubled. */
export interface Quoting {
  /** Opening character to closing character. */
  readonly marks: ReadonlyMap<string, string>;
  write(value: string): string;
}

export interface Pairs extends Credentials {
  /** Lower case, without the spaces and underscores that drivers use or leave out at will. */
  readonly keys: readonly string[];
  readonly quoted: boolean;
}

const USERNAME = new Set(['user', 'username', 'userid', 'uid']);
const PASSWORD = new Set(['password', 'pwd', 'psw']);

/** Undefined if `text` from `start` on is anything but `key=value` pairs between semicolons. */
export function readPairs(text: string, start: number, quoting: Quoting): Pairs | undefined {
  const keys: string[] = [];
  const usernames: Slot[] = [];
  const passwords: Slot[] = [];
  let quoted = false;
  let at = start;
  while (at < text.length) {
    const semicolon = text.indexOf(';', at);
    const segment = text.slice(at, semicolon === -1 ? text.length : semicolon);
    if (segment.trim() === '') {
      at += segment.length + 1;
      continue;
    }
    const [before, name] = /^\s*(\w[\w .-]*)=/.exec(segment) ?? [];
    const value = before === undefined ? undefined : readValue(text, at + before.length, quoting);
    if (name === undefined || value === undefined) {
      return undefined;
    }
    const key = name.toLowerCase().replace(/[\s_]/g, '');
    keys.push(key);
    quoted ||= value.quoted;
    if (USERNAME.has(key)) {
      usernames.push(value.slot);
    } else if (PASSWORD.has(key)) {
      passwords.push(value.slot);
    }
    at = value.next;
  }
  return { keys, quoted, usernames, passwords };
}

/** `next` is the offset after the semicolon that ends the value. */
function readValue(
  text: string,
  from: number,
  quoting: Quoting,
): { slot: Slot; quoted: boolean; next: number } | undefined {
  const start = from + (/^\s*/.exec(text.slice(from))?.[0].length ?? 0);
  const closing = quoting.marks.get(text.charAt(start));
  if (closing === undefined) {
    const semicolon = text.indexOf(';', from);
    const valueEnd = semicolon === -1 ? text.length : semicolon;
    const reading = text.slice(from, valueEnd).trim();
    const valueStart = Math.min(start, valueEnd);
    const slot = { start: valueStart, end: valueStart + reading.length, readings: [reading], write: quoting.write };
    return { slot, quoted: false, next: valueEnd + 1 };
  }
  const end = afterClosing(text, start + 1, closing);
  const rest = end === undefined ? undefined : /^\s*(?:;|$)/.exec(text.slice(end));
  if (end === undefined || !rest) {
    return undefined;
  }
  const reading = text.slice(start + 1, end - 1).replaceAll(closing + closing, closing);
  const slot = { start, end, readings: [reading], write: quoting.write };
  return { slot, quoted: true, next: end + rest[0].length };
}

function afterClosing(text: string, from: number, closing: string): number | undefined {
  let at = text.indexOf(closing, from);
  while (at !== -1 && text.charAt(at + 1) === closing) {
    at = text.indexOf(closing, at + 2);
  }
  return at === -1 ? undefined : at + 1;
}
