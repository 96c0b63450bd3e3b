import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Killed } from './effects.ts';
import type { EffectProxy } from './secrets-manager-proxy.ts';

/** Stands before a server and hands each connection, with one to the server, to whoever relays between them. */
export async function relayingProxy(
  target: { readonly host: string; readonly port: number },
  relay: (client: Socket, upstream: Socket) => Promise<void>,
): Promise<EffectProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    void relay(client, upstream).catch((error) => {
      client.destroy();
      upstream.destroy();
      if (!(error instanceof Killed)) throw error;
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
  return {
    port: address.port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
