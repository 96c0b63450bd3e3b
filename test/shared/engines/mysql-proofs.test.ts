import { constants, generateKeyPairSync, privateDecrypt, randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listening } from '../../../local/listening.ts';
import type { DatabaseLogin } from '../../../shared/engines/engine.ts';
import { mysql } from '../../../shared/engines/mysql.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { failureOf } from '../../support/failure.ts';
import { packets } from '../../support/mysql-messages.ts';
import { timeLimit } from '../../support/time-limit.ts';

const PASSWORD = 'right password é';
const SEED = randomBytes(20).map((byte) => (byte % 126) + 1);
const OK = Buffer.from([0, 0, 0, 2, 0, 0, 0]);

/** Greets as MySQL 8 does, without TLS: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html */
function greeting(): Buffer {
  const capabilities = 0x0008_a209; // protocol 4.1, transactions, secure connection, plugins
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(capabilities);
  return Buffer.concat([
    Buffer.from('\x0a8.4.3\0'),
    Buffer.from([1, 0, 0, 0]),
    SEED.subarray(0, 8),
    Buffer.from([0]),
    flags.subarray(0, 2),
    Buffer.from([45, 2, 0]),
    flags.subarray(2),
    Buffer.from([21]),
    Buffer.alloc(10),
    SEED.subarray(8),
    Buffer.from('\0caching_sha2_password\0'),
  ]);
}

const switchTo = (plugin: string) => Buffer.concat([Buffer.from(`\xfe${plugin}\0`, 'latin1'), SEED, Buffer.from([0])]);

/** A server that says these things, one after each packet of the client; gives what the client has said, packet by packet. */
async function fakeServer(...answers: readonly Buffer[]): Promise<{ login: DatabaseLogin; heard: Buffer[] }> {
  const heard: Buffer[] = [];
  const server = createServer(async (socket) => {
    socket.on('error', () => {});
    const say = (sequence: number, body: Buffer) => {
      const header = Buffer.from([0, 0, 0, sequence]);
      header.writeUIntLE(body.length, 0, 3);
      socket.write(Buffer.concat([header, body]));
    };
    say(0, greeting());
    for await (const packet of packets(socket)) {
      heard.push(packet.subarray(4));
      const answer = answers[heard.length - 1];
      if (answer) say(packet.readUInt8(3) + 1, answer);
    }
  });
  const { host, port, close } = await listening(server);
  onTestFinished(close);
  const password = new Sensitive(PASSWORD);
  return { heard, login: { host, port, database: '', username: 'app', password, tls: 'off' } };
}

describe('a server that speaks the handshake of MySQL 8, with "ssl": false', () => {
  it('and caching_sha2_password gets the password encrypted for its RSA key', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const { login, heard } = await fakeServer(
      switchTo('caching_sha2_password'),
      Buffer.from([1, 4]),
      Buffer.from(`\x01${pem}`),
      OK,
    );
    await (await mysql.connect(login, timeLimit(3_000))).close();
    const [, , request, encrypted = Buffer.alloc(0)] = heard;
    expect(request).toEqual(Buffer.from([2]));
    const masked = privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING }, encrypted);
    const plain = masked.map((byte, at) => byte ^ (SEED[at % SEED.length] ?? 0));
    expect(Buffer.from(plain).toString()).toBe(`${PASSWORD}\0`);
    expect(Buffer.concat(heard).includes(PASSWORD)).toBe(false);
  });

  it.each(['mysql_clear_password', 'dialog', 'authentication_unknown'])(
    'and wants the password by %s gets nothing: DatabaseRefused, which names the plugin',
    async (plugin) => {
      const { login, heard } = await fakeServer(switchTo(plugin), OK);
      const error = await failureOf(mysql.connect(login, timeLimit(3_000)));
      expect(error.name).toBe('DatabaseRefused');
      expect(error.message).toContain(plugin);
      expect(heard).toHaveLength(1);
      expect(heard[0]?.includes(PASSWORD)).toBe(false);
    },
  );
});

describe('a server, or somebody on the way to it, that answers before TLS where TLS is wanted', () => {
  it.each([
    [1045, "Access denied for user 'app'"],
    [1130, 'Host is not allowed'],
    [1040, 'Too many connections'],
  ])('with error %i is Unreachable: it says nothing of the password', async (errno, message) => {
    const server = createServer((socket) => {
      const body = Buffer.concat([Buffer.from([0xff, errno & 0xff, errno >> 8]), Buffer.from(message)]);
      const header = Buffer.from([0, 0, 0, 0]);
      header.writeUIntLE(body.length, 0, 3);
      socket.end(Buffer.concat([header, body]));
    });
    const { host, port, close } = await listening(server);
    onTestFinished(close);
    const login = { host, port, database: '', username: 'app', password: new Sensitive(PASSWORD) };
    const error = await failureOf(mysql.connect({ ...login, tls: 'verified' }, timeLimit(3_000)));
    expect(error.name).toBe('Unreachable');
    expect(error.message).toContain(`before TLS was agreed (${errno}: ${message})`);
  });
});
