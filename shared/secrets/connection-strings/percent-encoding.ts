import type { Slot } from './dialect.ts';

/** RFC 3986, section 2.3: all but the unreserved characters are encoded, so that every driver reads the same. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A `%` that starts no escape stands for itself, as in WHATWG URLs; undefined if the bytes are not UTF-8. */
export function percentDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'));
  } catch {
    return undefined;
  }
}

export function percentSlot(text: string, start: number, end: number): Slot {
  const reading = percentDecode(text.slice(start, end));
  return { start, end, readings: reading === undefined ? [] : [reading], write: percentEncode };
}

/** In a query, libpq reads `+` as itself, while the JDBC drivers and WHATWG URLs read a space. */
export function querySlot(text: string, start: number, end: number): Slot {
  const slot = percentSlot(text, start, end);
  const formReading = percentDecode(text.slice(start, end).replaceAll('+', ' '));
  return { ...slot, readings: formReading === undefined ? slot.readings : [...slot.readings, formReading] };
}
