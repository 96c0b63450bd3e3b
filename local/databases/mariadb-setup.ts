import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runWithInput } from './child-output.ts';
import type { ServerLogin } from './database-server.ts';
import type { MysqlSetup } from './mysql-server.ts';

/** How MariaDB makes its system tables, what keeps it small, and how it loads plugins. */
export const mariadbSetup: MysqlSetup = {
  ready: /ready for connections/,
  // Nothing here has to survive a loss of power, or to be large.
  small: [
    '--innodb-flush-method=nosync',
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-fast-shutdown=2',
    '--innodb-log-file-size=4M',
    '--innodb-buffer-pool-size=8M',
    '--innodb-buffer-pool-load-at-startup=off',
    '--innodb-buffer-pool-dump-at-shutdown=off',
    '--innodb-temp-data-file-path=ibtmp1:4M:autoextend',
    '--aria-log-file-size=8M',
    '--skip-log-bin',
  ],

  async initialize({ binaries, common, superuser, as }) {
    const sql = await systemTables(binaries.share, superuser);
    await runWithInput([...binaries.command, ...common, '--bootstrap'], sql, as, 'MariaDB');
  },

  async settings({ binaries, folder, plugins, give }) {
    const plugin = join(folder, 'plugin');
    await mkdir(plugin);
    for (const name of plugins) await copyFile(binaries.plugin(name) ?? '', join(plugin, `${name}.so`));
    await give(plugin, 0o755);
    return { 'plugin-dir': plugin, ...(plugins.length > 0 && { 'plugin-load-add': plugins.join(';') }) };
  },

  async started() {},
};

/** What `mariadb-install-db` would feed the server; that script needs programs of yet another package. */
async function systemTables(share: string, { username, password }: ServerLogin): Promise<string> {
  const scripts = ['mysql_system_tables.sql', 'mysql_performance_tables.sql', 'mysql_system_tables_data.sql'];
  const named = scripts.map(async (name) => {
    // MariaDB 11 calls them otherwise.
    const newer = join(share, name.replace(/^mysql/, 'mariadb'));
    return await readFile(newer, 'utf8').catch(() => readFile(join(share, name), 'utf8'));
  });
  const texts = await Promise.all(named);
  return [
    'CREATE DATABASE mysql;',
    'USE mysql;',
    'SET @auth_root_socket = NULL, @skip_auth_anonymous = 1;',
    ...texts.map((text) => text.replace(/.*@current_hostname.*\n/g, '')),
    "DELETE FROM global_priv WHERE User = 'root';",
    'FLUSH PRIVILEGES;',
    `CREATE USER ${username}@'%' IDENTIFIED BY '${password}';`,
    `GRANT ALL ON *.* TO ${username}@'%' WITH GRANT OPTION;`,
    '',
  ].join('\n');
}
