import { describe, it } from 'vitest';
import { mariadbMissing, mariadbPluginsMissing } from '../../local/databases/mariadb-binaries.ts';

/**
 * Tests that need a MariaDB server, and perhaps plugins of it. Where there is none they are reported as skipped, with
 * what is missing; with CI=true that is a failure. The reason stands in the name of what is skipped.
 */
export function describeWithMariadb(name: string, tests: () => void, ...plugins: readonly string[]): void {
  const missing = plugins.length === 0 ? mariadbMissing() : mariadbPluginsMissing(...plugins);
  if (missing === undefined) {
    describe(name, tests);
  } else if (process.env['CI'] === 'true') {
    it(name, () => {
      throw new Error(missing);
    });
  } else {
    describe.skip(`${name} (${missing})`, tests);
  }
}
