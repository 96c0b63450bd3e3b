import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { notSerializable, ServiceError } from './errors.ts';
import { operations } from './operations/index.ts';
import type { Service } from './operations/operation.ts';

/** The longest value, written in JSON's longest way (six characters a byte), and room for the rest of a request. */
const maxBodyBytes = 1_048_576;
const target = /^secretsmanager\.([A-Za-z]+)$/;

/**
 * The JSON 1.1 protocol over HTTP. Signatures are not checked: whoever reaches the port may do everything. A page in a
 * browser cannot, because X-Amz-Target needs a CORS preflight that is refused here like any other unknown request.
 */
export function wireServer(service: Service): Server {
  return createServer((request, response) => {
    answer(request, service)
      .then((output) => send(response, 200, output))
      .catch((error) => sendError(response, error));
  });
}

async function answer(request: IncomingMessage, service: Service): Promise<object> {
  const { 'x-amz-target': header } = request.headers;
  const [, name = ''] = target.exec(typeof header === 'string' ? header : '') ?? [];
  const operation = operations.get(name);
  const body = await read(request);
  // The real service says nothing but the type here.
  if (request.method !== 'POST' || operation === undefined) throw new ServiceError('UnknownOperationException', '');
  if (operation === null) {
    throw new ServiceError(
      'UnknownOperationException',
      `${name} is not implemented by the local Secrets Manager. Use a real account for it.`,
    );
  }
  return operation(parseJson(body), service);
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= maxBodyBytes) chunks.push(chunk);
  }
  // Only now: leaving the loop early would drop the connection and with it the answer.
  if (length > maxBodyBytes) {
    throw new ServiceError('RequestEntityTooLargeException', `A request has at most ${maxBodyBytes} bytes.`, 413);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(body: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    // Without the parser's message: it quotes the body.
    throw notSerializable('The request body is not JSON.');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw notSerializable('The request body is not a JSON object.');
  }
  return parsed;
}

function sendError(response: ServerResponse, error: unknown): void {
  if (error instanceof ServiceError) {
    send(response, error.status, { __type: error.code, Message: error.message || undefined });
    return;
  }
  console.error(error);
  send(response, 500, { __type: 'InternalServiceError', Message: 'An error occurred on the server side.' });
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': Buffer.byteLength(text),
    'x-amzn-requestid': randomUUID(),
  });
  response.end(text);
}
