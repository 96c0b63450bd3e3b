import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';

export interface HttpsRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpsAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
}

const LARGEST_ANSWER = 1_048_576;

/** The answer is longer than anything that an issuer has to say. */
export class AnswerTooLong extends Error {}

/**
 * Sends one request and reads the whole answer, of at most 1 MiB. Redirects are answers like others. Every request has a
 * connection of its own: one that was kept could be dead by the next invocation, with a mint on it.
 */
export function exchange(
  { method, url, headers, body }: HttpsRequest,
  signal: AbortSignal,
  lookup: LookupFunction | undefined,
): Promise<HttpsAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpsAnswer>();
  const outgoing = httpsRequest(url, {
    method,
    // Said even for a DELETE: without a length, its body would be taken for the next request.
    headers: body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    signal,
    // Not the global agent, which an environment variable could send through a proxy.
    agent: false,
    ...(lookup && { lookup }),
  });
  outgoing.on('error', reject);
  // Without a listener Node ends the connection, and tells nobody.
  outgoing.once('upgrade', ({ statusCode = 0 }, socket) => {
    socket.destroy();
    resolve({ status: statusCode, retryAfter: undefined, body: Buffer.alloc(0) });
  });
  outgoing.once('response', (incoming) => {
    const chunks: Buffer[] = [];
    let length = 0;
    incoming.on('error', reject);
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > LARGEST_ANSWER) incoming.destroy(new AnswerTooLong('The answer is longer than 1 MiB.'));
      else chunks.push(chunk);
    });
    incoming.once('end', () =>
      resolve({
        status: incoming.statusCode ?? 0,
        retryAfter: incoming.headers['retry-after'],
        body: Buffer.concat(chunks),
      }),
    );
  });
  outgoing.end(body);
  return promise;
}
