/** A user name or a password where it stands in a connection string. */
export interface Slot {
  /** Offset of the first character, quotes included. */
  readonly start: number;
  /** Offset after the last character, quotes included. */
  readonly end: number;
  /** What the slot says. Several where drivers disagree, as on `+` in a query. */
  readonly readings: readonly string[];
  /** The slot's new text for a value, in the dialect's own encoding; undefined if the dialect cannot express it. */
  write(value: string): string | undefined;
}

export interface Credentials {
  readonly usernames: readonly Slot[];
  readonly passwords: readonly Slot[];
}

/** One way of writing connection strings. */
export interface Dialect {
  /** With its article, for messages. */
  readonly name: string;
  /** Whatever names a user or a password in `text`; undefined if `text` is not of this dialect. Never throws. */
  read(text: string): Credentials | undefined;
}
