import pg from 'pg';
import { type RotationError, SuperuserRefused } from '../errors.ts';
import type { UserPair } from './alternating-engine.ts';
import type { DatabaseLogin } from './engine.ts';
import { passwordChangeError, statementError } from './postgres-errors.ts';

const INSUFFICIENT_PRIVILEGE = '42501';

/** What came of creating the clone, and of giving it what the first user has. */
export function preparationError(pair: UserPair) {
  return (error: unknown, login: DatabaseLogin): RotationError =>
    missingRight(error, pair, login) ?? statementError(error, login);
}

/** What came of setting the password of one of the pair. */
export function resetError(user: string, pair: UserPair) {
  return (error: unknown, login: DatabaseLogin): RotationError =>
    missingRight(error, pair, login) ?? passwordChangeError(error, { ...login, username: user });
}

function missingRight(error: unknown, { first }: UserPair, login: DatabaseLogin): SuperuserRefused | undefined {
  if (!(error instanceof pg.DatabaseError) || error.code !== INSUFFICIENT_PRIVILEGE) return undefined;
  const [superuser, firstUser] = [pg.escapeIdentifier(login.username), pg.escapeIdentifier(first)];
  return new SuperuserRefused(
    `${login.username} may not do at ${login.host}:${login.port} what letting another user in takes (${error.message}). Nothing was changed. Let a more powerful user run: ALTER ROLE ${superuser} CREATEROLE; GRANT ${firstUser} TO ${superuser} WITH ADMIN OPTION; then let the rotation repeat.`,
    { cause: error },
  );
}
