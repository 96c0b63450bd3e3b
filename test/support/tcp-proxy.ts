import { createServer, connect as dial, type Socket } from 'node:net';
import { listening } from '../../local/listening.ts';

/** One proxied connection, as a filter sees it. */
export interface Wires {
  toServer(bytes: Uint8Array): void;
  toClient(bytes: Uint8Array): void;
  /** From now on nothing passes in either direction, and nobody is told. */
  stall(): void;
  /** Breaks the connection on both sides. */
  cut(): void;
}

/** Decides what becomes of the bytes of one connection. */
export interface Filter {
  fromClient(bytes: Buffer, wires: Wires): void;
  fromServer(bytes: Buffer, wires: Wires): void;
}

/** Stands between a client and a real server on loopback. */
export interface TcpProxy {
  readonly host: string;
  readonly port: number;
  /** How many connections clients have opened so far. */
  connections(): number;
  /** Everything that clients have sent so far. */
  sent(): Buffer;
  /** Keeps all connections open and lets nothing pass any more. */
  stall(): void;
  /** Breaks all connections. */
  cut(): void;
  close(): Promise<void>;
}

const transparent: Filter = {
  fromClient: (bytes, wires) => wires.toServer(bytes),
  fromServer: (bytes, wires) => wires.toClient(bytes),
};

/** @param filter makes the filter of one connection */
export async function startTcpProxy(
  target: { readonly host: string; readonly port: number },
  filter: () => Filter = () => transparent,
): Promise<TcpProxy> {
  const sent: Buffer[] = [];
  const open = new Set<Socket>();
  let connections = 0;
  let stalled = false;

  const server = createServer((client) => {
    connections++;
    const upstream = dial(target.port, target.host);
    const { fromClient, fromServer } = filter();
    let silent = false;
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    const wires: Wires = {
      toServer: (bytes) => upstream.write(bytes),
      toClient: (bytes) => client.write(bytes),
      stall: () => {
        silent = true;
      },
      cut,
    };
    const pairs: readonly [Socket, Socket][] = [
      [client, upstream],
      [upstream, client],
    ];
    for (const [socket, other] of pairs) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        if (!silent && !stalled) other.destroySoon();
      });
    }
    client.on('data', (bytes) => {
      sent.push(bytes);
      if (!silent && !stalled) fromClient(bytes, wires);
    });
    upstream.on('data', (bytes) => {
      if (!silent && !stalled) fromServer(bytes, wires);
    });
  });
  const { host, port, close } = await listening(server);

  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    host,
    port,
    connections: () => connections,
    sent: () => Buffer.concat(sent),
    stall: () => {
      stalled = true;
    },
    cut,
    async close() {
      cut();
      await close();
    },
  };
}
