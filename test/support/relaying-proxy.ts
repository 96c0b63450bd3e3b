import { connect, createServer, type Socket } from 'node:net';
import { listening } from '../../local/listening.ts';
import { Killed } from './effects.ts';
import type { EffectProxy } from './secrets-manager-proxy.ts';

/** Stands before a server and hands each connection, with one to the server, to whoever relays between them. */
export async function relayingProxy(
  target: { readonly host: string; readonly port: number },
  relay: (client: Socket, upstream: Socket) => Promise<void>,
): Promise<EffectProxy> {
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    for (const socket of [client, upstream]) {
      socket.on('error', () => {});
      socket.once('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    void relay(client, upstream).catch((error) => {
      client.destroy();
      upstream.destroy();
      if (!(error instanceof Killed)) throw error;
    });
  });
  return await listening(server);
}
