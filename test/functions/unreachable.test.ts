import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../local/free-port.ts';
import { functionEnvironment } from '../../local/local-stack.ts';
import type { RotationHandler } from '../../shared/rotation/handler.ts';
import { type CapturedOutput, captureOutput } from '../support/captured-output.ts';
import { failureOf } from '../support/failure.ts';
import { invokeStep, type Protocol, startProtocol } from '../support/protocol.ts';

const FUNCTIONS = readdirSync(new URL('../../functions', import.meta.url)).filter((name) =>
  /^(postgres|mysql)-/.test(name),
);
/** The function's time limit, and what a step must leave of it. */
const [LIMIT_MS, LEFT_MS] = [6_000, 2_000];

let protocol: Protocol;
let output: CapturedOutput;
/** Takes connections and never says a word. */
let silent: Server;
const sockets = new Set<Socket>();
let ports: { readonly silent: number; readonly closed: number };
beforeAll(async () => {
  output = captureOutput();
  protocol = await startProtocol();
  for (const [name, value] of Object.entries(functionEnvironment(protocol.service.endpoint))) vi.stubEnv(name, value);
  silent = createServer((socket) => sockets.add(socket.on('error', () => {}))).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  ports = { silent: typeof address === 'object' && address ? address.port : 0, closed: await freePort() };
});
afterAll(async () => {
  output.restore();
  vi.unstubAllEnvs();
  for (const socket of sockets) socket.destroy();
  silent.close();
  await protocol.close();
});

async function handlerOf(name: string): Promise<RotationHandler> {
  return (await import(`../../functions/${name}/handler.ts`)).handler;
}

/** A secret of a server at this port whose rotation has come to the step. */
async function reach(handler: RotationHandler, engine: string, port: number, ssl: boolean | undefined) {
  const place = { engine, host: '127.0.0.1', port, ssl };
  const masterarn = protocol.createSecret(JSON.stringify({ ...place, username: 'superuser', password: 'superuser-1' }));
  const arn = protocol.createSecret(
    JSON.stringify({ ...place, username: 'app', password: 'current-password', masterarn }),
  );
  const token = protocol.beginRotation(arn);
  await invokeStep(handler, 'createSecret', arn, token);
  return { arn, token };
}

it('there are database functions', () => {
  expect(FUNCTIONS).toEqual(expect.arrayContaining(['postgres-single-user', 'mysql-alternating-users']));
});

const STEPS = ['setSecret', 'testSecret'] as const;
const SERVERS = { silent: /did not answer in time/, closed: /refuses connections/ } as const;

function title(step: string, name: string, what: string): string {
  return `${step} of ${name} ends with a named error ${LEFT_MS} ms before the function's time limit where the server's port is ${what}`;
}

describe.concurrent('a server that cannot be reached:', () => {
  for (const name of FUNCTIONS) {
    for (const what of ['silent', 'closed'] as const) {
      for (const step of STEPS) {
        it(title(step, name, what), async () => {
          const handler = await handlerOf(name);
          const [engine = ''] = name.split('-');
          await Promise.all(
            [false, undefined].map(async (ssl) => {
              const { arn, token } = await reach(handler, engine, ports[what], ssl);
              const begun = performance.now();
              const error = await failureOf(invokeStep(handler, step, arn, token, LIMIT_MS));
              const took = performance.now() - begun;
              expect(error.name).toBe('Unreachable');
              expect(error.message).toContain(`127.0.0.1:${ports[what]}`);
              expect(error.message).toMatch(SERVERS[what]);
              expect(took).toBeLessThan(LIMIT_MS - LEFT_MS);
            }),
          );
        });
      }
    }
  }
});
