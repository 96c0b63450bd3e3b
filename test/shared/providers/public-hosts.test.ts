import type { LookupAddress, LookupOptions } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { addressesOf, isPublic } from '../../../shared/providers/public-hosts.ts';

describe('an address of the public internet', () => {
  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '52.94.236.248',
    '100.63.255.255',
    '172.32.0.1',
    '2606:4700::1111',
    '2a00:1450:4001::1',
  ])('is %s', (address) => expect(isPublic(address)).toBe(true));

  it.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.255', '169.254.169.254', '169.254.170.2'],
    ...['172.16.0.1', '172.31.255.255', '192.168.1.1', '192.0.0.8', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
    ...['::', '::1', 'fe80::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
    ...['::ffff:8.8.8.8', '64:ff9b::7f00:1', '2002:7f00:1::', '2001:db8::1', '2001::1', 'localhost', ''],
  ])('is not %s', (address) => expect(isPublic(address)).toBe(false));
});

describe('where a host may be looked for', () => {
  const refused = { name: 'InvalidSetting', message: expect.stringContaining('ALLOWED_PRIVATE_HOSTS') };

  it.each([
    'https://127.0.0.1',
    'https://[::1]',
    'https://[::ffff:10.0.0.1]',
    'https://0x7f000001',
    'https://2130706433',
  ])('is not %s, for which nothing is looked up', (url) =>
    expect(() => addressesOf(new URL(url), {})).toThrow(expect.objectContaining(refused)),
  );

  it.each(['127.0.0.1', '127.0.0.1:8443', 'other.example 127.0.0.1:8443', 'a\n127.0.0.1'])(
    'is where the deployer allows it with %j',
    (ALLOWED_PRIVATE_HOSTS) =>
      expect(addressesOf(new URL('https://127.0.0.1:8443'), { ALLOWED_PRIVATE_HOSTS })).toBeUndefined(),
  );

  it.each(['127.0.0.1:9', '127.0.0', 'example.com', ''])(
    'is not where the deployer allows something else, %j',
    (other) => expect(() => addressesOf(new URL('https://127.0.0.1:8443'), { ALLOWED_PRIVATE_HOSTS: other })).toThrow(),
  );

  /** What a connection is told, if DNS says this. */
  async function told(addresses: readonly string[], options: LookupOptions = { all: true }): Promise<unknown> {
    const found = addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }));
    const resolve = (_: string, __: unknown, answer: (error: null, found: LookupAddress[]) => void) =>
      answer(null, found);
    const lookup = addressesOf(new URL('https://issuer.example'), {}, resolve);
    return await new Promise((done) => lookup?.('issuer.example', options, (error, address) => done(error ?? address)));
  }

  it('is any address that DNS has, as the connection asks for it', async () => {
    expect(await told(['1.1.1.1', '2606:4700::1111'])).toHaveLength(2);
    expect(await told(['1.1.1.1'], {})).toBe('1.1.1.1');
  });

  it.each([[['10.0.0.1']], [['1.1.1.1', '10.0.0.1']], [['::ffff:169.254.169.254']]])(
    'is nowhere if DNS leads a public name to %j',
    async (addresses) => {
      expect(await told(addresses)).toMatchObject(refused);
      expect(await told(addresses, {})).toMatchObject(refused);
    },
  );
});
