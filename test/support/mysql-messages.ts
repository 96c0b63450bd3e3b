import type { Readable } from 'node:stream';

/** One packet of https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html, with its header. */
export type Packet = Buffer;

/** Cuts a connection without TLS and compression into packets. */
export async function* packets(stream: Readable): AsyncGenerator<Packet, void> {
  let rest = Buffer.alloc(0);
  try {
    for await (const chunk of stream) {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 4 && rest.length >= 4 + rest.readUIntLE(0, 3)) {
        const length = 4 + rest.readUIntLE(0, 3);
        yield rest.subarray(0, length);
        rest = rest.subarray(length);
      }
    }
  } catch {
    // A connection that breaks ends like one that closes.
  }
}

const [OK, FAILED, END] = [0x00, 0xff, 0xfe];
const [QUIT, QUERY] = [0x01, 0x03];
const [MORE, KNOWN] = [0x01, 0x03];
const DEPRECATE_EOF = 1 << 24;

/** How many logins have succeeded and failed. */
export interface Logins {
  accepted: number;
  refused: number;
}

/** What a conversation has come to: it tells what a client's packet is, and where the server's answer to it ends. */
export class Conversation {
  readonly #logins: Logins;
  #loggedIn = false;
  #endsOfRows = 2;
  #packets = 0;
  #ends = 0;
  #question: string | undefined;

  /** @param logins counts that of this conversation, too */
  constructor(logins: Logins = { accepted: 0, refused: 0 }) {
    this.#logins = logins;
  }

  /** Takes a packet of the client and gives it the name that a person would. */
  question(packet: Packet): string {
    this.#packets = 0;
    this.#ends = 0;
    this.#question = this.#nameOf(packet);
    return this.#question;
  }

  /** Whether the server says anything to what the client has just said. */
  get isAnswered(): boolean {
    return this.#question !== 'farewell';
  }

  /** Takes a packet of the server; whether it is the client's turn after it. */
  endsTurn(packet: Packet): boolean {
    const kind = packet.readUInt8(4);
    this.#packets++;
    if (!this.#loggedIn) {
      // caching_sha2_password knew the proof: that it is let in follows at once.
      if (kind === MORE && packet.length === 6 && packet.readUInt8(5) === KNOWN) return false;
      if (kind === OK) this.#loggedIn = true;
      if (kind === OK) this.#logins.accepted++;
      if (kind === FAILED) this.#logins.refused++;
      return true;
    }
    if (kind === FAILED || (kind === OK && this.#packets === 1)) return true;
    if (kind === END && (this.#endsOfRows === 1 || packet.length < 13)) this.#ends++;
    return this.#ends === this.#endsOfRows;
  }

  #nameOf(packet: Packet): string {
    if (!this.#loggedIn && this.#question === undefined) {
      if (packet.readUInt32LE(4) & DEPRECATE_EOF) this.#endsOfRows = 1;
      return 'login';
    }
    if (!this.#loggedIn) return 'proof of the password';
    if (packet.readUInt8(4) === QUIT) return 'farewell';
    if (packet.readUInt8(4) === QUERY) return packet.toString('utf8', 5).split(/\s+/).slice(0, 3).join(' ');
    return `command ${packet.readUInt8(4)}`;
  }
}
