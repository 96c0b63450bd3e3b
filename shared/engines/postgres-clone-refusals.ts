import pg from 'pg';
import { AlternateRefused } from '../errors.ts';
import type { UserPair } from './alternating-engine.ts';
import { GRANT_OPTIONS_SINCE, isUnused, type PairFacts } from './postgres-role-facts.ts';

/**
 * Both users are let in with the first user's rights: the clone must be nobody else's and have no right that the first
 * has not, and must have been able to act as the first before, or else its name alone would give it those rights.
 *
 * @param user the one of the pair that shall be let in
 * @throws AlternateRefused that ends in the statement to paste
 */
export function refuseUnsafePair({ first, clone, serverVersion }: PairFacts, pair: UserPair, user: string): void {
  const [firstName, cloneName] = [pg.escapeIdentifier(pair.first), pg.escapeIdentifier(pair.clone)];
  const tag = `If ${pair.clone} is itself the first user, put the tag rotation:first-user = ${pair.clone} on the secret, take AWSPENDING off this version, then rotate again.`;
  if (!first.exists) {
    throw new AlternateRefused(`There is no role ${firstName} for ${cloneName} to take turns with. ${tag}`);
  }
  if (!first.canLogIn) {
    throw new AlternateRefused(
      `Role ${firstName} may not log in: it is a group, or somebody locked it out. If it shall take turns with ${cloneName}: ALTER ROLE ${firstName} LOGIN; then let the rotation repeat.`,
    );
  }
  if (!clone.exists || isUnused(clone)) return;
  if (clone.memberOf.length !== 1 || clone.memberOf[0] !== pair.first || !clone.mayActAsFirst) {
    const roles = clone.memberOf.map((name) => pg.escapeIdentifier(name)).join(', ') || 'no role';
    const without = clone.memberOf.includes(pair.first) && !clone.mayActAsFirst ? ' without SET' : '';
    const options = serverVersion >= GRANT_OPTIONS_SINCE ? ' WITH INHERIT TRUE, SET TRUE' : '';
    const otherwise =
      user === pair.first ? tag : `If ${cloneName} is somebody else's, give the first user another name.`;
    throw new AlternateRefused(
      `Role ${cloneName} is a member of ${roles}${without}; to take turns with ${firstName} it must be a member of that role alone, and able to act as it. If it is meant for that: GRANT ${firstName} TO ${cloneName}${options}; and revoke the others. ${otherwise}`,
    );
  }
  if (clone.elevated) {
    throw new AlternateRefused(
      `Role ${cloneName} has attributes that ${firstName} need not have. Take them away: ALTER ROLE ${cloneName} NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS; then let the rotation repeat.`,
    );
  }
  if (clone.ownsIn.length > 0) {
    throw new AlternateRefused(
      `Role ${cloneName} owns objects in ${placesOf(clone.ownsIn)}, which ${firstName} could not use in its turn. Give them to the first user, in each of these databases: REASSIGN OWNED BY ${cloneName} TO ${firstName}; then let the rotation repeat.`,
    );
  }
  if (clone.grantedMoreIn.length > 0) {
    throw new AlternateRefused(
      `Role ${cloneName} has privileges in ${placesOf(clone.grantedMoreIn)} that ${firstName} has not been granted. Grant them to ${firstName} as well, or take them away, in each of these databases: DROP OWNED BY ${cloneName}; (it owns no objects that this could drop), then let the rotation repeat.`,
    );
  }
}

/** The objects of the whole server, such as databases themselves, can be reached from any database. */
function placesOf(databases: readonly string[]): string {
  return databases.map((name) => (name === '' ? 'the whole server (any database)' : `database ${name}`)).join(', ');
}
