import { createPrivateKey, createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MysqlServer, startMysql } from '../../../local/databases/mysql-server.ts';
import { ed25519Verifier, nativeVerifier } from '../../../shared/engines/mysql-verifiers.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { strangeText } from '../../support/strange-text.ts';
import { describeWithMysql, MARIADB } from '../../support/with-mysql.ts';
import { literal } from './mysql-server.ts';

it.each(['x'.repeat(32), '0123456789abcdef0123456789ABCDEF', '\u00e9'.repeat(16)])(
  'for a password of 32 bytes (%s), an ed25519 verifier is the public key that Node derives from them',
  (password) => {
    const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(password)]);
    const { x = '' } = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).export({
      format: 'jwk',
    });
    expect(ed25519Verifier(new Sensitive(password)).reveal()).toBe(
      Buffer.from(x, 'base64url').toString('base64').replace(/=+$/, ''),
    );
  },
);

describeWithMysql(
  'a verifier made here is the one that the server makes',
  (kind) => {
    let server: MysqlServer;
    beforeAll(async () => {
      server = await startMysql(kind, { plugins: ['auth_ed25519'] });
    });
    afterAll(() => server.stop());

    it.each([
      ['mysql_native_password', nativeVerifier],
      ['ed25519', ed25519Verifier],
    ])('for %s', async (plugin, verifier) => {
      await fc.assert(
        fc.asyncProperty(strangeText(100), async (password) => {
          await server.query(
            `CREATE OR REPLACE USER app@'%' IDENTIFIED VIA ${plugin} USING PASSWORD(${literal(password)})`,
          );
          const [row] = await server.query("SELECT authentication_string AS stored FROM mysql.user WHERE User = 'app'");
          expect(verifier(new Sensitive(password)).reveal()).toBe(row?.['stored']);
        }),
        { numRuns: 40, examples: [['x'], ['x'.repeat(100)]] },
      );
    });
  },
  { only: MARIADB, plugins: ['auth_ed25519'] },
);
