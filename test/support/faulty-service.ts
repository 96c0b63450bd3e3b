import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listening } from '../../local/listening.ts';

/** What one request meets. `lost`: it is carried out, and its answer never arrives. */
export type Fate =
  | { readonly status: number; readonly type: string; readonly message?: string }
  | 'answered'
  | 'lost'
  | 'dropped'
  | 'never answered'
  /** An answer that is not JSON. */
  | { readonly garbled: string };

export interface FaultyService {
  readonly endpoint: string;
  /** The operations asked for, oldest first, each retry by itself. */
  readonly requests: readonly string[];
  /** Resolves with the next request, as soon as it is there. */
  nextRequest(): Promise<void>;
  /** Resolves when the client hangs up on a request. */
  nextHangUp(): Promise<void>;
  close(): Promise<void>;
}

/** A Secrets Manager that fails as told; what it does answer comes from the one at `behind`. */
export async function startFaultyService(
  fate: (operation: string, attempt: number) => Fate,
  behind?: string,
): Promise<FaultyService> {
  const requests: string[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const body = await buffer(incoming);
    const operation = String(incoming.headers['x-amz-target']).replace('secretsmanager.', '');
    requests.push(operation);
    outgoing.once('close', () => outgoing.writableFinished || server.emit('hang up'));
    server.emit('asked');
    await meet(fate(operation, requests.length), incoming, body, outgoing, behind);
  });
  const { endpoint, close } = await listening(server);
  return {
    endpoint,
    requests,
    nextRequest: async () => void (await once(server, 'asked')),
    nextHangUp: async () => void (await once(server, 'hang up')),
    close,
  };
}

async function meet(
  fate: Fate,
  incoming: IncomingMessage,
  body: Buffer,
  outgoing: ServerResponse,
  behind: string | undefined,
): Promise<void> {
  const json = { 'content-type': 'application/x-amz-json-1.1' };
  if (fate === 'never answered') return;
  if (fate === 'dropped') return void incoming.socket.destroy();
  if (typeof fate === 'object' && 'garbled' in fate) return void outgoing.writeHead(200, json).end(fate.garbled);
  if (typeof fate === 'object') {
    const { status, type, message } = fate;
    return void outgoing.writeHead(status, json).end(JSON.stringify({ __type: type, Message: message }));
  }
  if (behind === undefined) throw new Error('There is no Secrets Manager to ask.');
  const headers = { ...json, 'x-amz-target': String(incoming.headers['x-amz-target']) };
  const answer = await fetch(behind, { method: 'POST', headers, body: new Uint8Array(body) });
  const text = await answer.text();
  if (fate === 'lost') return void incoming.socket.destroy();
  outgoing.writeHead(answer.status, json).end(text);
}
