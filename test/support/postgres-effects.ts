import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type Effects, Killed } from './effects.ts';
import { endsTurn, messages, nameOf } from './postgres-messages.ts';
import type { EffectProxy } from './secrets-manager-proxy.ts';

/**
 * Stands before a PostgreSQL server; each message of the client (a login's parts, each statement, the farewell) is one
 * effect, and its answer is delivered whole.
 */
export async function postgresProxy(target: { host: string; port: number }, effects: Effects): Promise<EffectProxy> {
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
    void relay(client, upstream, effects).catch((error) => {
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

async function relay(client: Socket, upstream: Socket, effects: Effects): Promise<void> {
  const answers = messages(upstream, 'server');
  for await (const message of messages(client, 'client')) {
    const answer = await effects.pass(nameOf(message), async () => {
      upstream.write(message.bytes);
      return await turn(message, answers);
    });
    client.write(answer);
  }
}

/** All that the server says until it is the client's turn again. */
async function turn(
  question: { type: string },
  answers: AsyncGenerator<{ type: string; bytes: Buffer }, void>,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  while (question.type !== 'X') {
    const { value, done } = await answers.next();
    if (done || value === undefined) break;
    parts.push(value.bytes);
    if (endsTurn(value)) break;
  }
  return Buffer.concat(parts);
}
