import { constants, generateKeyPairSync, pbkdf2, privateDecrypt, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
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
function greeting({ tls = false } = {}): Buffer {
  // Protocol 4.1, transactions, secure connection, plugins; and TLS.
  const capabilities = 0x0008_a209 | (tls ? 0x800 : 0);
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

function packet(sequence: number, body: Buffer): Buffer {
  const header = Buffer.from([0, 0, 0, sequence]);
  header.writeUIntLE(body.length, 0, 3);
  return Buffer.concat([header, body]);
}

const refusal = (errno: number, message: string) =>
  Buffer.concat([Buffer.from([0xff, errno & 0xff, errno >> 8]), Buffer.from(message)]);

const switchTo = (plugin: string) => Buffer.concat([Buffer.from(`\xfe${plugin}\0`, 'latin1'), SEED, Buffer.from([0])]);

/** A server that says these things, one after each packet of the client; gives what the client has said, packet by packet. */
async function fakeServer(...answers: readonly Buffer[]): Promise<{ login: DatabaseLogin; heard: Buffer[] }> {
  const heard: Buffer[] = [];
  const server = createServer(async (socket) => {
    socket.on('error', () => {});
    socket.write(packet(0, greeting()));
    for await (const said of packets(socket)) {
      heard.push(said.subarray(4));
      const answer = answers[heard.length - 1];
      if (answer) socket.write(packet(said.readUInt8(3) + 1, answer));
    }
  });
  return { heard, login: await loginAt(server) };
}

async function loginAt(server: Server): Promise<DatabaseLogin> {
  const { host, port, close } = await listening(server);
  onTestFinished(close);
  return { host, port, database: '', username: 'app', password: new Sensitive(PASSWORD), tls: 'off' };
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
    const server = createServer((socket) => socket.end(packet(0, refusal(errno, message))));
    const login = await loginAt(server);
    const error = await failureOf(mysql.connect({ ...login, tls: 'verified' }, timeLimit(3_000)));
    expect(error.name).toBe('Unreachable');
    expect(error.message).toContain(`before TLS was agreed (${errno}: ${message})`);
  });

  it.each([
    ['an error', refusal(1045, 'Access denied')],
    ['success', OK],
    ['another way to log in', switchTo('mysql_native_password')],
  ])('with %s right behind its greeting is Unreachable, and nothing else goes wrong', async (_, body) => {
    const strayErrors: unknown[] = [];
    const hear = (error: unknown) => strayErrors.push(error);
    process.on('uncaughtException', hear);
    onTestFinished(() => void process.off('uncaughtException', hear));
    for (const sequence of [1, 2]) {
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.write(Buffer.concat([packet(0, greeting({ tls: true })), packet(sequence, body)]));
      });
      const login = await loginAt(server);
      const error = await failureOf(mysql.connect({ ...login, tls: 'verified' }, timeLimit(3_000)));
      expect(error.name).toBe('Unreachable');
      expect(error.message).not.toContain('Access denied');
    }
    expect(strayErrors).toEqual([]);
  });
});

describe('a server that sends more than anybody asked for', () => {
  it('has no more than a few proofs computed, so that the next rotation finds the processor free', async () => {
    const parsec = [packet(2, switchTo('parsec')), packet(4, Buffer.from('P\x08saltsaltsaltsalt', 'latin1'))];
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write(packet(0, greeting()));
      socket.once('data', () => socket.write(Buffer.concat(Array.from({ length: 400 }, () => parsec).flat())));
    });
    const error = await failureOf(mysql.connect(await loginAt(server), timeLimit(3_000)));
    expect(error.name).toBe('Unreachable');
    const begun = performance.now();
    await promisify(pbkdf2)('x', 'y', 1, 32, 'sha256');
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  it('in answer to a statement is left before it fills the memory: Unreachable', async () => {
    const column = packet(2, Buffer.from('\x03def\0\0\0\x011\0\x0c\x2d\0\x01\0\0\0\xfd\0\0\0\0\0', 'latin1'));
    const row = Buffer.concat([Buffer.from([0xfd, 0xf0, 0xff, 0]), Buffer.alloc(0xfff0)]);
    let sent = 0;
    const server = createServer(async (socket) => {
      socket.on('error', () => {});
      socket.write(packet(0, greeting()));
      let heard = 0;
      for await (const said of packets(socket)) {
        heard += 1;
        if (heard === 1) socket.write(packet(said.readUInt8(3) + 1, OK));
        if (heard !== 2) continue;
        const end = packet(3, Buffer.from([0xfe, 0, 0, 2, 0]));
        socket.write(Buffer.concat([packet(1, Buffer.from([1])), column, end]));
        for (let sequence = 4; socket.writable; sequence = (sequence + 1) % 256) {
          sent += row.length;
          if (!socket.write(packet(sequence, row))) await setTimeout(1);
        }
      }
    });
    const session = await mysql.connect(await loginAt(server), timeLimit(5_000));
    onTestFinished(() => session.close());
    const error = await failureOf(session.probe());
    expect(error.name).toBe('Unreachable');
    expect(sent).toBeGreaterThan(4 * 2 ** 20);
    expect(sent).toBeLessThan(128 * 2 ** 20);
  });
});
