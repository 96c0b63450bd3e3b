import { firstMessage, framed, type Message, textOf } from './postgres-messages.ts';
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
  function next(): Message | undefined {
    const message = firstMessage(said, phase === 'talking');
    if (message) said = said.subarray(message.bytes.length);
    return message;
  }

  function deliver(spoken: Message, wires: Wires): void {
    const { bytes } = spoken;
    const message = clientMessage(spoken);
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
    for (let message = firstMessage(heard); message; message = firstMessage(heard)) {
      const { type } = message;
      if (!loggedIn && type === 'E') logins.refused++;
      if (!loggedIn && type === 'R' && heard.readInt32BE(5) === 0) {
        loggedIn = true;
        logins.accepted++;
      }
      if (losing && type === 'Z') wires.cut();
      heard = heard.subarray(message.bytes.length);
    }
  }

  return {
    fromClient(bytes, wires) {
      if (phase === 'encrypted') {
        wires.toServer(bytes);
        return;
      }
      said = Buffer.concat([said, bytes]);
      for (let message = next(); message; message = next()) deliver(message, wires);
    },
    fromServer(bytes, wires) {
      if (phase === 'tls asked') phase = bytes.toString('latin1', 0, 1) === 'S' ? 'encrypted' : 'opening';
      else if (phase === 'talking') observe(bytes, wires);
      if (!losing) wires.toClient(bytes);
    },
  };
}

function clientMessage({ type, bytes }: Message): ClientMessage {
  if (type === '') return { kind: bytes.readInt32BE(4) === TLS_REQUEST ? 'tls request' : 'startup', text: '' };
  if (type === 'Q') return { kind: 'query', text: textOf(bytes) };
  return { kind: type === 'p' ? 'password' : 'other', text: '' };
}

/** ErrorResponse, then ReadyForQuery outside a transaction. */
function refusal({ sqlState, message }: { sqlState: string; message: string }): Buffer {
  return Buffer.concat([framed('E', `SERROR\0VERROR\0C${sqlState}\0M${message}\0\0`), framed('Z', 'I')]);
}
