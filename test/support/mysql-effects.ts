import type { Socket } from 'node:net';
import type { Effects } from './effects.ts';
import { Conversation, type Logins, packets } from './mysql-messages.ts';
import { relayingProxy } from './relaying-proxy.ts';
import type { EffectProxy } from './secrets-manager-proxy.ts';

export interface MysqlProxy extends EffectProxy {
  /** How many logins have succeeded and failed so far. */
  logins(): Readonly<Logins>;
}

/**
 * Stands before a MySQL or MariaDB server; each packet of the client (a login's parts, each statement, the farewell) is
 * one effect, and its answer is delivered whole.
 */
export async function mysqlProxy(target: { host: string; port: number }, effects: Effects): Promise<MysqlProxy> {
  const logins = { accepted: 0, refused: 0 };
  const proxy = await relayingProxy(target, (client, upstream) => relay(client, upstream, effects, logins));
  return { ...proxy, logins: () => ({ ...logins }) };
}

async function relay(client: Socket, upstream: Socket, effects: Effects, logins: Logins): Promise<void> {
  const answers = packets(upstream);
  const greeting = await answers.next();
  if (greeting.done) return;
  client.write(greeting.value);
  const conversation = new Conversation(logins);
  for await (const packet of packets(client)) {
    const answer = await effects.pass(conversation.question(packet), async () => {
      upstream.write(packet);
      const parts: Buffer[] = [];
      while (conversation.isAnswered) {
        const { value, done } = await answers.next();
        if (done || value === undefined) break;
        parts.push(value);
        if (conversation.endsTurn(value)) break;
      }
      return Buffer.concat(parts);
    });
    client.write(answer);
  }
}
