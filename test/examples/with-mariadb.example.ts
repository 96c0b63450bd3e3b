import { it, vi } from 'vitest';
import { describeWithMariadb } from '../support/with-mariadb.ts';

/** Run by `test/support/with-mariadb.test.ts`: a machine on which no program and no plugin is installed. */
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  accessSync() {
    throw new Error('There is no such program.');
  },
  existsSync: () => false,
}));

describeWithMariadb('with a server', () => it('runs', () => {}));
describeWithMariadb('with a plugin', () => it('runs', () => {}), 'auth_ed25519');
