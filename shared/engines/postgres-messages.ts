/** What a server sent is not what PostgreSQL sends, or more of it than a login or a statement of ours gives rise to. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

/** The server asks that the password be sent in clear. */
export class ClearPasswordAsked extends Error {
  override readonly name = 'ClearPasswordAsked';
}

/** All that may come until a statement is answered, in bytes: our largest answer lists the facts of two roles. */
const MOST_BYTES = 4 * 2 ** 20;
const HEADER = 5;

/**
 * Takes a server's bytes apart into messages and looks at each before the driver does, which reads on behind the end of a
 * message that is cut short, for ever if no NUL follows. Messages: https://www.postgresql.org/docs/current/protocol-message-formats.html
 *
 * @param clearPassword whether the server may ask for the password in clear
 */
export class MessageReader {
  readonly #clearPassword: boolean;
  #rest: Buffer = Buffer.alloc(0);
  #sinceReady = 0;
  /** The kinds of authentication messages so far: each may come once, since the driver answers with work of its own. */
  readonly #logins = new Set<number>();

  constructor(clearPassword: boolean) {
    this.#clearPassword = clearPassword;
  }

  /**
   * @returns the whole messages that the bytes complete
   * @throws MalformedMessage or ClearPasswordAsked
   */
  take(bytes: Buffer): Buffer {
    this.#sinceReady += bytes.length;
    if (this.#sinceReady > MOST_BYTES) throw new MalformedMessage(`The server sent more than ${MOST_BYTES} bytes.`);
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let end = 0;
    while (all.length - end >= HEADER) {
      const length = all.readUInt32BE(end + 1);
      if (length < 4 || length > MOST_BYTES)
        throw new MalformedMessage(`The server sent a message of length ${length}.`);
      if (all.length - end < length + 1) break;
      const type = String.fromCharCode(all.readUInt8(end));
      this.#check(type, new Fields(all.subarray(end + HEADER, end + 1 + length)));
      if (type === 'Z') this.#sinceReady = 0;
      end += length + 1;
    }
    this.#rest = all.subarray(end);
    return all.subarray(0, end);
  }

  #check(type: string, fields: Fields): void {
    const check = Object.hasOwn(CHECKS, type) ? CHECKS[type] : undefined;
    if (check === undefined) throw new MalformedMessage(`The server sent a message of type ${JSON.stringify(type)}.`);
    if (type === 'R' && !this.#clearPassword && fields.startsWith(CLEAR_PASSWORD)) {
      throw new ClearPasswordAsked('The server asks for the password in clear.');
    }
    check(fields);
    fields.requireEnd(type);
    if (type === 'R') this.#requireNextOfLogin(fields.firstInt32());
  }

  #requireNextOfLogin(kind: number): void {
    if (this.#logins.has(kind)) throw new MalformedMessage('The server repeats a question of the login.');
    // A server that leaves its own proof out has not been shown to know the password.
    if (kind === LOGGED_IN && this.#logins.has(SASL) && !this.#logins.has(SASL_FINAL)) {
      throw new MalformedMessage('The server ends the login without its own proof.');
    }
    this.#logins.add(kind);
  }
}

const [LOGGED_IN, CLEAR_PASSWORD, SASL, SASL_FINAL] = [0, 3, 10, 12];

/** The body of one message, read from its beginning; whatever reaches behind its end throws. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  startsWith(number: number): boolean {
    return this.#bytes.length >= 4 && this.firstInt32() === number;
  }

  firstInt32(): number {
    return this.#bytes.readInt32BE(0);
  }

  skip(count: number): void {
    if (count < 0 || this.#at + count > this.#bytes.length) throw new MalformedMessage('A message is too short.');
    this.#at += count;
  }

  int16(): number {
    this.skip(2);
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.skip(4);
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  /** @returns its length */
  text(): number {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw new MalformedMessage('A text in a message has no end.');
    const length = end - this.#at;
    this.#at = end + 1;
    return length;
  }

  rest(): void {
    this.#at = this.#bytes.length;
  }

  requireEnd(type: string): void {
    if (this.#at !== this.#bytes.length) throw new MalformedMessage(`A message of type ${type} is too long.`);
  }
}

function times(count: number, read: () => void): void {
  if (count < 0) throw new MalformedMessage('A message counts less than nothing.');
  for (let done = 0; done < count; done += 1) read();
}

/** A byte that says which field it is, and the field, until a zero. */
function notice(fields: Fields): void {
  while (fields.text() > 0);
}

const nothing = () => {};

const CHECKS: Readonly<Record<string, (fields: Fields) => void>> = {
  R: (fields) => {
    if (fields.int32() === SASL) while (fields.text() > 0);
    else fields.rest();
  },
  E: notice,
  N: notice,
  S: (fields) => {
    fields.text();
    fields.text();
  },
  K: (fields) => fields.skip(8),
  Z: (fields) => fields.skip(1),
  C: (fields) => void fields.text(),
  T: (fields) =>
    times(fields.int16(), () => {
      fields.text();
      fields.skip(18);
    }),
  D: (fields) =>
    times(fields.int16(), () => {
      const length = fields.int32();
      if (length !== -1) fields.skip(length);
    }),
  A: (fields) => {
    fields.int32();
    fields.text();
    fields.text();
  },
  I: nothing,
};
