import type { MysqlConnection } from './mysql-connection.ts';

/** "Operation ALTER USER failed for …", and, before it where an account is missing, "not allowed to create a user". */
const SAYS_NOTHING = [1396, 1410];

/**
 * MariaDB answers whatever goes wrong with any of the accounts with 1396, and tells what it was only on asking (seen on
 * 10.11).
 *
 * @throws Error with the number and the words of what it was
 */
export async function alterUser(
  ask: MysqlConnection['ask'],
  clauses: string,
  values: readonly string[],
): Promise<void> {
  try {
    await ask(`ALTER USER ${clauses}`, values);
  } catch (error) {
    if (!(error instanceof Error && 'errno' in error && error.errno === SAYS_NOTHING[0])) throw error;
    const told = await ask('SHOW ERRORS').catch(() => []);
    const reason = told.find(({ Code }) => !SAYS_NOTHING.includes(Number(Code)));
    if (!reason) throw error;
    const said = String(reason['Message']);
    throw Object.assign(new Error(said, { cause: error }), { errno: Number(reason['Code']), sqlMessage: said });
  }
}
