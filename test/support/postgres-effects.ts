import type { Socket } from 'node:net';
import type { Effects } from './effects.ts';
import { endsTurn, messages, nameOf } from './postgres-messages.ts';
import { relayingProxy } from './relaying-proxy.ts';
import type { EffectProxy } from './secrets-manager-proxy.ts';

/**
 * Stands before a PostgreSQL server; each message of the client (a login's parts, each statement, the farewell) is one
 * effect, and its answer is delivered whole.
 */
export function postgresProxy(target: { host: string; port: number }, effects: Effects): Promise<EffectProxy> {
  return relayingProxy(target, (client, upstream) => relay(client, upstream, effects));
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
