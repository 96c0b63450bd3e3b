import pg from 'pg';
import { type RotationError, SuperuserRefused } from '../errors.ts';
import type { DatabaseLogin } from './engine.ts';
import { passwordChangeError, statementError } from './postgres-errors.ts';

const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * What came of creating the clone, and of giving it what the first user has.
 *
 * @param administered the roles that exist and that the superuser has to administer
 */
export function preparationError(administered: readonly string[]) {
  return (error: unknown, login: DatabaseLogin): RotationError =>
    missingRight(error, administered, login) ?? statementError(error, login);
}

/** What came of setting the password of one of the pair. */
export function resetError(user: string, administered: readonly string[]) {
  return (error: unknown, login: DatabaseLogin): RotationError =>
    missingRight(error, administered, login) ?? passwordChangeError(error, { ...login, username: user });
}

function missingRight(
  error: unknown,
  administered: readonly string[],
  login: DatabaseLogin,
): SuperuserRefused | undefined {
  if (!(error instanceof pg.DatabaseError) || error.code !== INSUFFICIENT_PRIVILEGE) return undefined;
  const superuser = pg.escapeIdentifier(login.username);
  // A setting of the first user that not everybody may set, such as log_statement or app.tenant; the message names it.
  const [, parameter] = /parameter "([^"]+)"/.exec(error.message) ?? [];
  const remedy =
    parameter === undefined
      ? `ALTER ROLE ${superuser} CREATEROLE; GRANT ${administered.map(pg.escapeIdentifier).join(', ')} TO ${superuser} WITH ADMIN OPTION;`
      : `GRANT SET ON PARAMETER ${pg.escapeIdentifier(parameter)} TO ${superuser};`;
  return new SuperuserRefused(
    `${login.username} may not do at ${login.host}:${login.port} what letting another user in takes (${error.message}). Nothing was changed. Let a more powerful user run: ${remedy} then let the rotation repeat.`,
    { cause: error },
  );
}
