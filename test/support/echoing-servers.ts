import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type Listening, listening } from '../../local/listening.ts';
import { framed, messages, textOf } from './postgres-messages.ts';

/** A server that repeats in its errors what it was told. */
export type EchoingServer = Listening;

/** Reads like the given Secrets Manager, and refuses each write with the whole request in its message. */
export async function echoingSecretsManager(endpoint: string): Promise<EchoingServer> {
  const server = createHttpServer(async (request, response) => {
    const body = await buffer(request);
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': String(request.headers['x-amz-target']),
    };
    const answer = await fetch(endpoint, { method: 'POST', headers, body });
    const text = await answer.text();
    if (!headers['x-amz-target'].endsWith('PutSecretValue')) {
      response.writeHead(answer.status, { 'content-type': headers['content-type'] }).end(text);
      return;
    }
    const { SecretString, ...rest } = JSON.parse(body.toString());
    const Message = `You sent ${SecretString} and ${encodeURIComponent(SecretString)} in ${JSON.stringify({ SecretString, ...rest })}`;
    response.writeHead(400, { 'content-type': headers['content-type'] });
    response.end(JSON.stringify({ __type: 'InvalidRequestException', Message }));
  });
  return await listening(server);
}

/** Asks for the password in clear, and refuses with it in the message. */
export async function echoingPostgres(): Promise<EchoingServer> {
  const server = createServer(async (socket) => {
    socket.on('error', () => {});
    for await (const { type, bytes } of messages(socket, 'client')) {
      if (type === '') socket.write(framed('R', '\0\0\0\x03')); // AuthenticationCleartextPassword
      if (type === 'p') {
        const password = textOf(bytes);
        const base64 = Buffer.from(password).toString('base64');
        const fields = `SFATAL\0VFATAL\0C28000\0Mno entry for ${password} (${base64})\0D${password}\0H${encodeURIComponent(password)}\0\0`;
        socket.end(framed('E', fields));
      }
    }
  });
  return await listening(server);
}
