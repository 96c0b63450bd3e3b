import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MysqlServer, startMysql } from '../../../local/databases/mysql-server.ts';
import { isStored } from '../../../shared/engines/mysql-stored-passwords.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { strangeText } from '../../support/strange-text.ts';
import { describeWithMysql } from '../../support/with-mysql.ts';
import { literal } from './mysql-server.ts';

const PLUGINS = {
  mysql: ['caching_sha2_password', 'sha256_password'],
  'mariadb-10': ['mysql_native_password', 'ed25519'],
  'mariadb-11': ['mysql_native_password', 'ed25519', 'parsec'],
};
const FILES: Readonly<Record<string, string>> = { ed25519: 'auth_ed25519', parsec: 'auth_parsec' };

describeWithMysql('what a server keeps of a password', (kind) => {
  let server: MysqlServer;
  beforeAll(async () => {
    const plugins = PLUGINS[kind].flatMap((plugin) => FILES[plugin] ?? []);
    server = await startMysql(kind, { plugins, settings: { 'sql-mode': '' } });
  });
  afterAll(() => server.stop());

  async function stored(plugin: string, password: string): Promise<string> {
    const identified =
      kind === 'mysql'
        ? `WITH ${plugin} BY ${literal(password)}`
        : `VIA ${plugin} USING PASSWORD(${literal(password)})`;
    await server.query('DROP USER IF EXISTS kept');
    await server.query(`CREATE USER kept IDENTIFIED ${identified}`);
    const [row] = await server.query("SELECT authentication_string AS kept FROM mysql.user WHERE User = 'kept'");
    return String(row?.['kept']);
  }

  it.each(PLUGINS[kind])('is known for what was made of it, and for nothing else (%s)', async (plugin) => {
    await fc.assert(
      fc.asyncProperty(strangeText(60), strangeText(60), async (text, other) => {
        // One letter, for what servers take for no password at all.
        const kept = { plugin, stored: await stored(plugin, `p${text}`) };
        expect(isStored(new Sensitive(`p${text}`), kept)).toBe(true);
        expect(isStored(new Sensitive(`p${other}`), kept)).toBe(text === other);
        expect(isStored(new Sensitive(`p${text} `), kept)).toBe(false);
        expect(isStored(new Sensitive(''), kept)).toBe(false);
      }),
      { numRuns: 12, examples: [['x'.repeat(200), 'x']] },
    );
  });
});

it.each([
  ['nothing', 'caching_sha2_password', ''],
  ['rounds that take for ever', 'caching_sha2_password', `$A$FFF$${'s'.repeat(20)}${'d'.repeat(43)}`],
  ['no rounds', 'caching_sha2_password', `$A$000$${'s'.repeat(20)}${'d'.repeat(43)}`],
  ['half of it', 'caching_sha2_password', '$A$005$'],
  ['no salt', 'sha256_password', `$5$$${'d'.repeat(43)}`],
  ['doublings that take for ever', 'parsec', 'P9:c2FsdA==:a2V5'],
  ['something else', 'parsec', 'P0'],
  ['what is proved elsewhere', 'auth_socket', 'password'],
])('%s is made of no password', (_, plugin, stored) => {
  const began = performance.now();
  expect(isStored(new Sensitive('password'), { plugin, stored })).toBe(false);
  expect(performance.now() - began).toBeLessThan(1_000);
});
