import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mysql } from '../../shared/engines/mysql.ts';
import { postgres } from '../../shared/engines/postgres.ts';
import { RotationError } from '../../shared/errors.ts';
import { catchingStrayErrors } from '../../shared/rotation/stray-errors.ts';
import { Sensitive } from '../../shared/secrets/sensitive.ts';
import { hostileServer, type Script } from '../support/hostile-server.ts';
import { timeLimit } from '../support/time-limit.ts';

/** Run by `test/shared/engines/hostile-server.test.ts` in a process of its own, which a fault would end or occupy for ever. */
const RUNS = 400;
const LIMIT_MS = 150;

const pg = (type: string, ...parts: readonly (string | number | Buffer)[]) => {
  const body = Buffer.concat(parts.map(bytesOf));
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const my = (sequence: number, ...parts: readonly (string | number | Buffer)[]) => {
  const body = Buffer.concat(parts.map(bytesOf));
  const head = Buffer.alloc(4);
  head.writeUIntLE(body.length, 0, 3);
  head.writeUInt8(sequence, 3);
  return Buffer.concat([head, body]);
};

/** Texts end in a zero; numbers are bytes. */
function bytesOf(part: string | number | Buffer): Buffer {
  if (typeof part === 'string') return Buffer.from(`${part}\0`, 'latin1');
  return typeof part === 'number' ? Buffer.from([part]) : part;
}

const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const raw = (text: string) => Buffer.from(text, 'latin1');

const ready = pg('Z', raw('I'));
const row = [
  pg('T', raw('\x00\x01'), 'x', Buffer.alloc(18)),
  pg('D', raw('\x00\x01'), int32(1), raw('1')),
  pg('C', 'SELECT 1'),
  ready,
];
const POSTGRES: readonly Buffer[] = [
  pg('R', int32(0)),
  pg('R', int32(3)),
  pg('R', int32(5), raw('salt')),
  pg('R', int32(10), 'SCRAM-SHA-256', raw('\x00')),
  pg('R', int32(11), raw(`r=x,s=${Buffer.from('salt').toString('base64')},i=4096`)),
  pg('R', int32(12), raw('v=x')),
  pg('S', 'server_version', '18.0'),
  pg('K', int32(1), int32(2)),
  pg('E', 'SERROR', 'C28P01', 'Mno', raw('\x00')),
  pg('N', 'SNOTICE', 'C00000', 'Mhm', raw('\x00')),
  pg('A', int32(1), 'channel', 'payload'),
  pg('I'),
  pg('G', 0, raw('\x00\x00')),
  Buffer.concat([pg('R', int32(0)), ready]),
  Buffer.concat(row),
  Buffer.concat([pg('R', int32(0)), ...row]),
  raw('S'),
  raw('N'),
];

const greeting = my(
  0,
  raw('\x0a'),
  '8.4.3',
  raw('\x01\x00\x00\0abcdefgh\x00\x09\xa2\x2d\x02\x00\x08\x00\x15'),
  Buffer.alloc(10),
  raw('abcdefghijkl\x00'),
  'caching_sha2_password',
);
const ok = (sequence: number) => my(sequence, raw('\x00\x00\x00\x02\x00\x00\x00'));
const column = (type: number) =>
  raw(`\x03def\x00\x00\x00\x01x\x00\x0c\x2d\x00\x7f\x00\x00\x00${String.fromCharCode(type)}\x00\x00\x00\x00\x00`);
const rows = (type: number, value: Buffer) =>
  Buffer.concat([
    my(1, 1),
    my(2, column(type)),
    my(3, raw('\xfe\x00\x00\x02\x00')),
    my(4, value),
    my(5, raw('\xfe\x00\x00\x02\x00')),
  ]);
const MYSQL: readonly Buffer[] = [
  greeting,
  ok(2),
  ok(1),
  my(2, raw('\xff\x15\x04#28000no')),
  my(1, raw('\xff\x15\x04#28000no')),
  my(0, raw('\xff\x15\x04no')),
  my(2, raw('\xfecaching_sha2_password\0abcdefghijklmnopqrst\x00')),
  my(2, raw('\xfeparsec\x00')),
  my(2, raw('\xfeclient_ed25519\0abcdefghijklmnopqrstuvwxyz012345')),
  my(2, raw('\x01\x03')),
  my(2, raw('\x01\x04')),
  my(4, raw('\x01-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n')),
  my(2, raw('P\x1fsaltsaltsaltsalt')),
  rows(0xfd, raw('\x01x')),
  rows(0x08, raw('\xfe\xff\xff\xff\xff\xff\xff\xff\x7f1')),
  rows(0xf6, raw('\xfe\xff\xff\xff\xff\xff\xff\xff\x7f1')),
  rows(
    0xff,
    raw(
      '\x19\x00\x00\x00\x00\x01\x03\x00\x00\x00\xff\xff\xff\x7f\xff\xff\xff\x7f\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00',
    ),
  ),
  my(1, raw('\xfb/etc/passwd')),
];

const loggedIn = Buffer.concat([pg('R', int32(0)), ready]);

/** What a server says in turn that does nothing wrong. */
const CONVERSATIONS: Readonly<Record<'postgres' | 'mysql', readonly (readonly Buffer[])[]>> = {
  postgres: [
    [loggedIn, Buffer.concat(row)],
    [pg('R', int32(5), raw('salt')), loggedIn, Buffer.concat(row)],
    [pg('R', int32(10), 'SCRAM-SHA-256', raw('\x00')), pg('R', int32(11), raw('r=x,s=c2FsdA==,i=4096'))],
  ],
  mysql: [
    [greeting, ok(2), rows(0xfd, raw('\x011'))],
    [greeting, ok(2), rows(0x08, raw('\x011'))],
    [greeting, ok(2), rows(0xf6, raw('\x011'))],
    [greeting, ok(2), rows(0xff, raw('\x19\x00\x00\x00\x00\x01\x03\x00\x00\x00\x01\x00\x00\x00\x01'))],
    [greeting, my(2, raw('\xfecaching_sha2_password\x00abcdefghijklmnopqrst\x00')), my(4, raw('\x01\x03')), ok(5)],
  ],
};

type Protocol = keyof typeof CONVERSATIONS;
const HEAD = { postgres: 5, mysql: 4 } as const;

/** With the head that says how long the body is. */
function framed(protocol: Protocol, message: Buffer, body: Buffer): Buffer {
  const head = Buffer.alloc(HEAD[protocol]);
  message.copy(head, 0, 0, head.length);
  if (protocol === 'postgres') head.writeUInt32BE(body.length + 4, 1);
  else head.writeUIntLE(body.length, 0, 3);
  return Buffer.concat([head, body]);
}

/** A message, cut, lengthened, with other bytes, or with another length in its head. */
function damaged(protocol: Protocol, message: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const at = fc.nat({ max: 200 });
  const bodyOf = (bytes: Buffer) => bytes.subarray(HEAD[protocol]);
  return fc.oneof(
    // Whole by its head, and cut or lengthened inside: it tempts a reader to run on behind its end.
    fc.tuple(message, at).map(([bytes, end]) => framed(protocol, bytes, bodyOf(bytes).subarray(0, end % bytes.length))),
    fc
      .tuple(message, fc.uint8Array({ maxLength: 40 }))
      .map(([bytes, more]) => framed(protocol, bytes, Buffer.concat([bodyOf(bytes), more]))),
    fc.tuple(message, at).map(([bytes, end]) => bytes.subarray(0, end)),
    fc.tuple(message, at, fc.integer({ min: 0, max: 255 })).map(([bytes, place, value]) => {
      const copy = Buffer.from(bytes);
      copy.writeUInt8(value, place % copy.length);
      return copy;
    }),
    // Eight bytes in a row: lengths and counts that no server has.
    fc.tuple(message, at).map(([bytes, place]) => {
      const copy = Buffer.from(bytes);
      const start = Math.min(HEAD[protocol] + (place % 60), copy.length);
      return copy.fill(0xff, start, Math.min(start + 8, copy.length));
    }),
    fc.tuple(message, fc.constantFrom(0, 1, 3, 4, 0xffff, 0x7fffffff, 0xffffffff)).map(([bytes, length]) => {
      const copy = Buffer.from(bytes);
      if (copy.length > 4) copy.writeUInt32BE(length, 1);
      return copy;
    }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );
}

/** A conversation with one message damaged, or with another in its place. */
function conversation(protocol: Protocol, messages: readonly Buffer[]): fc.Arbitrary<readonly Buffer[]> {
  return fc.tuple(fc.constantFrom(...CONVERSATIONS[protocol]), fc.nat({ max: 3 })).chain(([said, place]) => {
    const index = place % said.length;
    const other = fc.constantFrom(...messages);
    const own = fc.constantFrom(...said.slice(index, index + 1));
    const wrong = fc.oneof(damaged(protocol, own), damaged(protocol, other), other);
    return wrong.map((bytes) => said.with(index, bytes));
  });
}

it.each([
  ['PostgreSQL', postgres, 'postgres', POSTGRES],
  ['MySQL', mysql, 'mysql', MYSQL],
] as const)(
  '%s',
  async (_, engine, protocol, messages) => {
    const script = conversation(protocol, messages).map(
      (said): Script =>
        protocol === 'mysql' && said[0] ? { first: said[0], answers: said.slice(1) } : { answers: said },
    );
    const tls = fc.constantFrom('off' as const, 'off' as const, 'off' as const, 'verified' as const);
    await fc.assert(
      fc.asyncProperty(script, tls, async (what, tls) => {
        const server = await hostileServer(() => what);
        const login = { host: '127.0.0.1', port: server.port, database: '', username: 'app', tls };
        const begun = performance.now();
        try {
          const work = async () => {
            const limit = timeLimit(LIMIT_MS);
            const session = await engine.connect({ ...login, password: new Sensitive('password') }, limit);
            await session.probe().finally(() => session.close());
          };
          await catchingStrayErrors(work, () => {});
        } catch (error) {
          expect(error).toBeInstanceOf(RotationError);
        } finally {
          await server.close();
        }
        expect(performance.now() - begun).toBeLessThan(LIMIT_MS + 3_000);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  },
  240_000,
);
