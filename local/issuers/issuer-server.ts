import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { type Certificate, certificateAuthority, serverCertificate } from '../certificates.ts';
import { listening } from '../listening.ts';
import type { FakeAnswer, FakeIssuer, FakeRequest, Fault } from './fake-issuer.ts';

export interface IssuerServer {
  /** Such as `127.0.0.1:8443`, for ALLOWED_PRIVATE_HOSTS. */
  readonly host: string;
  /** The authority of its certificate, in PEM; for NODE_EXTRA_CA_CERTS. */
  readonly authority: string;
  /** Where an issuer is, for `baseUrl`. */
  baseUrlOf(issuer: FakeIssuer): string;
  /** Requests so far as `POST /api/v2/api_keys`, without query. */
  readonly requests: string[];
  /** The next requests whose method and path match meet these, one each. */
  readonly faults: { readonly on: RegExp; readonly fault: Fault }[];
  close(): Promise<void>;
}

/** Carries each request of an issuer; a test may count and end them. */
export type Carrier = <T>(request: string, carry: () => Promise<T>) => Promise<T>;

export interface IssuerServerOptions {
  /** Another one for each server unless given. */
  readonly authority?: Certificate;
  readonly carry?: Carrier;
}

interface Received {
  readonly line: string;
  readonly issuer: FakeIssuer | undefined;
  readonly request: Omit<FakeRequest, 'path'>;
  readonly text: string;
}

/** Issuers that stand in for real ones, on one HTTPS port of 127.0.0.1. */
export async function startIssuers(
  issuers: readonly FakeIssuer[],
  { authority: given, carry = (_, perform) => perform() }: IssuerServerOptions = {},
): Promise<IssuerServer> {
  const authority = given ?? (await certificateAuthority());
  const requests: string[] = [];
  const faults: { on: RegExp; fault: Fault }[] = [];
  const server = createServer(await serverCertificate(authority, ['127.0.0.1']), (incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const { host, port, close } = await listening(server);

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const received = await receive(incoming, issuers);
    requests.push(received.line);
    await carry(received.line, async () => {
      const armed = faults.findIndex(({ on }) => on.test(received.line));
      const [met] = armed < 0 ? [] : faults.splice(armed, 1);
      if (met) await fail(met.fault, received, outgoing);
      else send(outgoing, answerOf(received));
    });
  }

  return {
    host: `${host}:${port}`,
    authority: authority.cert,
    baseUrlOf: ({ name }) => `https://${host}:${port}/${name}`,
    requests,
    faults,
    close,
  };
}

async function receive(incoming: IncomingMessage, issuers: readonly FakeIssuer[]): Promise<Received> {
  const text = (await buffer(incoming)).toString();
  const url = new URL(incoming.url ?? '/', 'https://127.0.0.1');
  const [, name, ...path] = url.pathname.split('/');
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([key, value]) => [key, String(value)]));
  const form = headers['content-type'] === 'application/x-www-form-urlencoded';
  const body = form ? Object.fromEntries(new URLSearchParams(text)) : text === '' ? undefined : JSON.parse(text);
  return {
    line: `${incoming.method} /${path.join('/')}`,
    issuer: issuers.find((issuer) => issuer.name === name),
    request: { query: url.searchParams, headers, body },
    text,
  };
}

function answerOf({ line, issuer, request }: Received): FakeAnswer {
  for (const [route, answer] of Object.entries(issuer?.routes ?? {})) {
    const pattern = route.replaceAll(/[.$()]/g, '\\$&').replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
    const matched = new RegExp(`^${pattern}$`).exec(line);
    if (!matched) continue;
    const parts = Object.entries(matched.groups ?? {}).map(([name, part]) => [name, decodeURIComponent(part)]);
    return answer({ ...request, path: Object.fromEntries(parts) });
  }
  return { status: 404, body: { errors: ['Not found'] } };
}

function send(outgoing: ServerResponse, { status, body }: FakeAnswer, headers: Record<string, string> = {}): void {
  outgoing.writeHead(status, { 'content-type': 'application/json', ...headers });
  outgoing.end(body === undefined ? undefined : JSON.stringify(body));
}

async function fail(fault: Fault, received: Received, outgoing: ServerResponse): Promise<void> {
  switch (fault.kind) {
    case 'answers':
      return send(outgoing, fault, fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter });
    case 'fails afterwards':
      answerOf(received);
      return send(outgoing, { status: fault.status, body: { errors: ['Internal error'] } });
    case 'answer is lost':
      answerOf(received);
      return void outgoing.destroy();
    case 'connection is lost':
      return void outgoing.destroy();
    case 'answer is truncated': {
      const whole = JSON.stringify(answerOf(received).body ?? {});
      outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': String(whole.length) });
      // Sent before the connection ends, so that it is half an answer and not none.
      return void outgoing.write(whole.slice(0, whole.length / 2), () => outgoing.destroy());
    }
    case 'answers HTML':
      answerOf(received);
      return void outgoing.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Sign in</body></html>');
    case 'answers 10 MB':
      answerOf(received);
      return void outgoing.writeHead(200, { 'content-type': 'application/json' }).end(`"${'x'.repeat(10_000_000)}"`);
    case 'redirects':
      return void outgoing.writeHead(302, { location: fault.to }).end();
    case 'switches protocols':
      return void outgoing.socket?.end(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      );
    case 'never answers':
      return;
    case 'echoes': {
      const { headers } = received.request;
      return send(outgoing, { status: fault.status, body: { errors: [received.line, headers, received.text] } });
    }
  }
}
