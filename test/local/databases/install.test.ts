import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { installDatabases } from '../../../local/databases/install.ts';
import { describeWithMariadb } from '../../support/with-mariadb.ts';

let said: string[];
beforeEach(() => {
  said = [];
  vi.stubEnv('MYSQL_URL', undefined);
});
afterEach(() => vi.unstubAllEnvs());

const install = () => installDatabases((line) => said.push(line));

it('leaves the machine alone where MYSQL_URL names a server', async () => {
  vi.stubEnv('MYSQL_URL', 'mysql://superuser:password@db.example');
  expect(await install()).toBe(true);
  expect(said.join('\n')).toMatch(/MYSQL_URL names a server; nothing is installed/);
  expect(said.join('\n')).not.toContain('password');
});

describeWithMariadb(
  'where nothing is missing',
  () => {
    it('says what is there, and runs nothing: not even what it would install with', async () => {
      vi.stubEnv('PATH', '/nowhere');
      expect(await install()).toBe(true);
      expect(said.join('\n')).toMatch(/MariaDB: \S+mariadbd is there.*plugins: .* are there/s);
    });
  },
  'auth_ed25519',
  'simple_password_check',
  'password_reuse_check',
);
