import type { Readable } from 'node:stream';

/** One message of PostgreSQL's protocol 3: https://www.postgresql.org/docs/current/protocol-message-formats.html */
export interface Message {
  /** The type byte; empty for the client's first message, which has none. */
  readonly type: string;
  readonly bytes: Buffer;
}

/** The first message of what was said so far, if it is there whole; only the opening messages of a client have no type. */
export function firstMessage(said: Buffer, typed = true): Message | undefined {
  const typeBytes = typed ? 1 : 0;
  if (said.length < typeBytes + 4) return undefined;
  const length = typeBytes + said.readInt32BE(typeBytes);
  if (said.length < length) return undefined;
  return { type: said.toString('latin1', 0, typeBytes), bytes: said.subarray(0, length) };
}

/** Cuts a connection without TLS into messages. */
export async function* messages(stream: Readable, side: 'client' | 'server'): AsyncGenerator<Message, void> {
  let rest = Buffer.alloc(0);
  let first = side === 'client';
  try {
    for await (const chunk of stream) {
      rest = Buffer.concat([rest, chunk]);
      for (let message = firstMessage(rest, !first); message; message = firstMessage(rest)) {
        yield message;
        rest = rest.subarray(message.bytes.length);
        first = false;
      }
    }
  } catch {
    // A connection that breaks ends like one that closes.
  }
}

/** Whether the client speaks next: ready for a query, wanting a password or a proof, or about to hang up. */
export function endsTurn({ type, bytes }: Message): boolean {
  if (type === 'Z') return true;
  if (type !== 'R') return false;
  const wants = bytes.readInt32BE(5);
  const [ok, finalProof] = [0, 12];
  return wants !== ok && wants !== finalProof;
}

/** What a person would call a client's message. */
export function nameOf({ type, bytes }: Message): string {
  switch (type) {
    case '':
      return 'start of a session';
    case 'p':
      return 'proof of the password';
    case 'Q':
      return textOf(bytes).split(/\s+/).slice(0, 3).join(' ');
    case 'X':
      return 'farewell';
    default:
      return `message ${type}`;
  }
}

/** A message with a type, as either side sends it. */
export function framed(type: string, text: string): Buffer {
  const body = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}

/** The text of a simple query, or a password in clear. */
export function textOf(bytes: Buffer): string {
  return bytes.toString('utf8', 5, bytes.length - 1);
}
