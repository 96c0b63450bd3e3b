import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listening } from '../../local/listening.ts';
import { type Effects, Killed } from './effects.ts';

export interface EffectProxy {
  readonly port: number;
  close(): Promise<void>;
}

/** Stands before a Secrets Manager; each of its operations is one effect. */
export function secretsManagerProxy(endpoint: () => string, effects: Effects): Promise<EffectProxy> {
  const operationIn = ({ headers }: IncomingMessage) => String(headers['x-amz-target']).replace('secretsmanager.', '');
  return effectProxy(endpoint, effects, operationIn);
}

/** Stands before a server; each request is one effect. */
export async function effectProxy(
  endpoint: () => string,
  effects: Effects,
  operationIn: (incoming: IncomingMessage, body: Buffer) => string,
): Promise<EffectProxy> {
  const server = createServer(async (incoming, outgoing) => {
    try {
      const body = await buffer(incoming);
      const answer = await effects.pass(operationIn(incoming, body), () => forward(endpoint(), incoming, body));
      outgoing.writeHead(answer.status, answer.headers).end(answer.body);
    } catch (error) {
      incoming.socket.destroy();
      if (!(error instanceof Killed) && !incoming.errored) throw error;
    }
  });
  return await listening(server);
}

async function forward(endpoint: string, incoming: IncomingMessage, body: Buffer) {
  const outgoing = request(endpoint, { method: incoming.method ?? 'POST', headers: incoming.headers }).end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 500, headers: response.headers, body: await buffer(response) };
}
