import { type Filter, startTcpProxy, type TcpProxy, type Wires } from './tcp-proxy.ts';

/** What a client says to a PostgreSQL server; the text is that of a query. */
export interface ClientMessage {
  readonly kind: 'tls request' | 'startup' | 'password' | 'query' | 'other';
  readonly text: string;
}

/**
 * What becomes of it. `lose the answer`: the server does the work to its end, and then the connection breaks. An error
 * is answered in the server's place; a rewritten query is what the server gets instead; `after` holds the message back.
 */
export type Fate =
  | 'pass'
  | 'stall'
  | 'cut'
  | 'lose the answer'
  | { readonly sqlState: string; readonly message: string }
  | { readonly rewrite: string }
  | { readonly after: Promise<void> };

export interface PostgresProxy extends TcpProxy {
  /** How many logins have succeeded and failed so far. */
  logins(): { readonly accepted: number; readonly refused: number };
}

/**
 * A proxy that understands the messages of https://www.postgresql.org/docs/current/protocol-message-formats.html, as
 * long as they are not encrypted, and asks `fateOf` about each one.
 */
export async function startPostgresProxy(
  target: { readonly host: string; readonly port: number },
  fateOf: (message: ClientMessage) => Fate = () => 'pass',
): Promise<PostgresProxy> {
  const logins = { accepted: 0, refused: 0 };
  const proxy = await startTcpProxy(target, () => conversation(fateOf, logins));
  return { ...proxy, logins: () => ({ ...logins }) };
}

const TLS_REQUEST = 80_877_103;

function conversation(fateOf: (message: ClientMessage) => Fate, logins: { accepted: number; refused: number }): Filter {
  let phase: 'opening' | 'tls asked' | 'encrypted' | 'talking' = 'opening';
  let loggedIn = false;
  let losing = false;
  let heard = Buffer.alloc(0);
  let said = Buffer.alloc(0);

  /** Takes the next whole message off what the client has said. */
  function next(): { message: ClientMessage; bytes: Buffer } | undefined {
    const typed = phase === 'talking' ? 1 : 0;
    if (said.length < typed + 4) return undefined;
    const length = typed + said.readInt32BE(typed);
    if (said.length < length) return undefined;
    const bytes = said.subarray(0, length);
    said = said.subarray(length);
    return { message: typed ? typedMessage(bytes) : opening(bytes), bytes };
  }

  function deliver(message: ClientMessage, bytes: Buffer, wires: Wires): void {
    if (message.kind === 'tls request') phase = 'tls asked';
    if (message.kind === 'startup') phase = 'talking';
    const fate = fateOf(message);
    losing = fate === 'lose the answer';
    if (fate === 'stall') wires.stall();
    else if (fate === 'cut') wires.cut();
    else if (typeof fate === 'object' && 'rewrite' in fate) wires.toServer(framed('Q', `${fate.rewrite}\0`));
    else if (typeof fate === 'object' && 'after' in fate) void fate.after.then(() => wires.toServer(bytes));
    else if (typeof fate === 'object') wires.toClient(refusal(fate));
    else wires.toServer(bytes);
  }

  function observe(bytes: Buffer, wires: Wires): void {
    heard = Buffer.concat([heard, bytes]);
    while (heard.length >= 5 && heard.length >= 1 + heard.readInt32BE(1)) {
      const type = heard.toString('latin1', 0, 1);
      if (!loggedIn && type === 'E') logins.refused++;
      if (!loggedIn && type === 'R' && heard.readInt32BE(5) === 0) {
        loggedIn = true;
        logins.accepted++;
      }
      if (losing && type === 'Z') wires.cut();
      heard = heard.subarray(1 + heard.readInt32BE(1));
    }
  }

  return {
    fromClient(bytes, wires) {
      if (phase === 'encrypted') {
        wires.toServer(bytes);
        return;
      }
      said = Buffer.concat([said, bytes]);
      for (let found = next(); found; found = next()) deliver(found.message, found.bytes, wires);
    },
    fromServer(bytes, wires) {
      if (phase === 'tls asked') phase = bytes.toString('latin1', 0, 1) === 'S' ? 'encrypted' : 'opening';
      else if (phase === 'talking') observe(bytes, wires);
      if (!losing) wires.toClient(bytes);
    },
  };
}

function opening(bytes: Buffer): ClientMessage {
  return { kind: bytes.readInt32BE(4) === TLS_REQUEST ? 'tls request' : 'startup', text: '' };
}

function typedMessage(bytes: Buffer): ClientMessage {
  const type = bytes.toString('latin1', 0, 1);
  if (type === 'Q') return { kind: 'query', text: bytes.toString('utf8', 5, bytes.length - 1) };
  return { kind: type === 'p' ? 'password' : 'other', text: '' };
}

/** ErrorResponse, then ReadyForQuery outside a transaction. */
function refusal({ sqlState, message }: { sqlState: string; message: string }): Buffer {
  return Buffer.concat([framed('E', `SERROR\0VERROR\0C${sqlState}\0M${message}\0\0`), framed('Z', 'I')]);
}

function framed(type: string, text: string): Buffer {
  const body = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}
