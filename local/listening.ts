import { once } from 'node:events';
import type { Server, Socket } from 'node:net';

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** Where a server of HTTP is asked. */
  readonly endpoint: string;
  /** Drops all connections and frees the port. A second call does nothing. */
  close(): Promise<void>;
}

/**
 * Lets a server listen on 127.0.0.1, at this port or at any free one.
 *
 * @throws the listen error, such as EADDRINUSE
 */
export async function listening(server: Server, wanted = 0): Promise<Listening> {
  const host = '127.0.0.1';
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(wanted, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no TCP port.');
  const { port } = address;
  return {
    host,
    port,
    endpoint: `http://${host}:${port}`,
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
