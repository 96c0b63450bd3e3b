import { Socket } from 'node:net';

/** Greeting, one change of the way to log in, at most two questions of that way, and the outcome, with room to spare. */
const MOST_PACKETS = 8;
/** All that may come until a login or a statement is answered, in bytes: our largest answer lists the grants of two accounts. */
const MOST_BYTES = 4 * 2 ** 20;
const HEADER = 4;

/**
 * Shows the driver no more of what comes in clear than a login gives rise to: only the greeting where TLS is wanted, since
 * the driver would take what stands behind it for the server's; and else a few packets, since each may cost the driver a
 * key derivation. Once TLS is agreed, Node reads past this object; only `requireModest` still counts.
 * Packets: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
 */
export class GuardedSocket extends Socket {
  readonly #mostPackets: number;
  #packets = 0;
  /** Bytes of the packet that has begun that are still to come. */
  #missing = 0;
  #header: Buffer = Buffer.alloc(0);
  #loggedIn = false;
  #readBefore = 0;

  constructor(tls: boolean) {
    super();
    this.#mostPackets = tls ? 1 : MOST_PACKETS;
  }

  /** From now on packets are those of answers. */
  loggedIn(): void {
    this.#loggedIn = true;
  }

  /** The next answer begins. */
  restartCount(): void {
    this.#readBefore = this.bytesRead;
  }

  /** Hangs up on a server that has sent more than any answer to us needs. */
  requireModest(): void {
    if (this.bytesRead - this.#readBefore > MOST_BYTES) {
      this.destroy(new Error(`The server sent more than ${MOST_BYTES} bytes.`));
    }
  }

  override push(bytes: Buffer | null, encoding?: BufferEncoding): boolean {
    if (bytes !== null && !this.#loggedIn && !this.#isExpected(bytes)) {
      this.destroy(new Error('The server sent more than a login gives rise to.'));
      return false;
    }
    return super.push(bytes, encoding);
  }

  #isExpected(bytes: Buffer): boolean {
    for (let at = 0; at < bytes.length; ) {
      if (this.#missing > 0) {
        const taken = Math.min(this.#missing, bytes.length - at);
        this.#missing -= taken;
        at += taken;
        continue;
      }
      const begun = this.#header.length;
      if (begun === 0 && this.#packets === this.#mostPackets) return false;
      this.#header = Buffer.concat([this.#header, bytes.subarray(at, at + HEADER - begun)]);
      at += this.#header.length - begun;
      if (this.#header.length < HEADER) break;
      this.#missing = this.#header.readUIntLE(0, 3);
      this.#header = Buffer.alloc(0);
      this.#packets += 1;
    }
    return true;
  }
}
