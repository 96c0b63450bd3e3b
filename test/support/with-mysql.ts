import { describe, it } from 'vitest';
import { addressIn } from '../../local/databases/database-server.ts';
import { MYSQL_KINDS, type MysqlKind, mysqlMissing, NAMES } from '../../local/databases/mysql-kinds.ts';
import { mysqlServerAt } from '../../local/databases/mysql-session.ts';

export const MARIADB: readonly MysqlKind[] = ['mariadb-10', 'mariadb-11'];

export interface MysqlNeeds {
  /** The kinds that the tests are about; all of them unless given. */
  readonly only?: readonly MysqlKind[];
  /** Plugins of MariaDB, or components of MySQL. A server that MYSQL_URL names is not asked for any. */
  readonly plugins?: readonly string[];
}

/**
 * Runs tests against each server that speaks MySQL's protocol, or against the one that MYSQL_URL names. A server that is not there is reported as
 * skipped, with what is missing in the name of what is skipped. With CI=true that is a failure for the MariaDB of this
 * machine's own suite; the others come from suites that can be broken for a day.
 */
export function describeWithMysql(name: string, tests: (kind: MysqlKind) => void, needs: MysqlNeeds = {}): void {
  const { only = MYSQL_KINDS, plugins = [] } = needs;
  for (const kind of only.filter((one) => named === undefined || one === named || plugins.length > 0)) {
    const title = `${name}, at ${NAMES[kind]}`;
    const missing = named === kind && plugins.length === 0 ? undefined : mysqlMissing(kind, ...plugins);
    if (missing === undefined) {
      describe(title, () => tests(kind));
    } else if (process.env['CI'] === 'true' && kind === 'mariadb-10') {
      it(title, () => {
        throw new Error(missing);
      });
    } else {
      describe.skip(`${title} (${missing})`, () => tests(kind));
    }
  }
}

/** What the server says that it is: the URL does not. */
async function kindAt(url: string | undefined): Promise<MysqlKind | undefined> {
  if (url === undefined) return undefined;
  const server = mysqlServerAt(addressIn(url, 3306), async () => {});
  const [row] = await server.query('SELECT VERSION() AS version');
  const version = String(row?.['version']);
  if (!/mariadb/i.test(version)) return 'mysql';
  return version.startsWith('10.') ? 'mariadb-10' : 'mariadb-11';
}

const named = await kindAt(process.env['MYSQL_URL']);
