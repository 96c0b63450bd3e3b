import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runWithInput } from './child-output.ts';
import type { MysqlSetup } from './mysql-server.ts';

/** How MySQL makes its system tables, what keeps it small, and how it loads plugins and components. */
export const mysqlSetup: MysqlSetup = {
  ready: /ready for connections/,
  // Nothing here has to survive a loss of power, or to be large.
  small: [
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-flush-method=nosync',
    '--innodb-doublewrite=off',
    '--innodb-redo-log-capacity=8M',
    '--innodb-buffer-pool-size=8M',
    '--innodb-buffer-pool-load-at-startup=off',
    '--innodb-buffer-pool-dump-at-shutdown=off',
    '--performance-schema=off',
    '--skip-log-bin',
    '--secure-file-priv=NULL',
    '--mysqlx=0',
  ],

  async initialize({ binaries, common, as }) {
    const options = [`--lc-messages-dir=${binaries.share}`, '--initialize-insecure'];
    await runWithInput([...binaries.command, ...common, ...options], '', as, 'MySQL');
  },

  /** The first start makes the superuser: its password stands in a file that only the server can read. */
  async settings({ binaries, folder, superuser, give }) {
    const init = join(folder, 'init.sql');
    const { username, password } = superuser;
    const statements = [
      `CREATE USER ${username}@'%' IDENTIFIED BY '${password}'`,
      `GRANT ALL ON *.* TO ${username}@'%' WITH GRANT OPTION`,
      "DROP USER root@'localhost'",
    ];
    await writeFile(init, statements.map((statement) => `${statement};\n`).join(''), { mode: 0o600 });
    await give(init, 0o600);
    return {
      'init-file': init,
      'lc-messages-dir': binaries.share,
      'pid-file': join(folder, 'pid'),
      'plugin-dir': join(dirname(binaries.plugin('component_validate_password') ?? '.')),
    };
  },

  async started(server, plugins) {
    for (const plugin of plugins) await server.query(`INSTALL COMPONENT 'file://${plugin}'`);
  },
};
