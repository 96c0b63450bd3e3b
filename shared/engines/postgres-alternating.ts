import { AlternateRefused } from '../errors.ts';
import type { AlternatingEngine, UserPair } from './alternating-engine.ts';
import { postgres, userSession } from './postgres.ts';
import { connectPostgres, type PostgresConnection, verifierFor } from './postgres-connection.ts';
import { type PairFacts, type RoleSetting, readPairFacts } from './postgres-role-facts.ts';
import { preparationError, resetError } from './postgres-superuser-errors.ts';

/** From here on GRANT says whether rights are inherited and whether SET ROLE is allowed. */
const GRANT_OPTIONS_SINCE = 160_000;

/** Settings that hold a list of names, which `SET … TO 'value'` would take for a single one. */
const LISTS_OF_NAMES = ['search_path', 'temp_tablespaces'];

/**
 * The clone is a member of the first user and acts as it from login on (`ALTER ROLE … SET role`). So whatever it creates
 * belongs to the first user, and what the first user is granted later holds for both.
 */
export const postgresAlternating: AlternatingEngine = {
  ...postgres,

  async connect(login, limit) {
    const connection = await connectPostgres(login, limit);
    return {
      ...userSession(connection),

      async letIn(user, pair, password) {
        const facts = await readPairFacts(connection, pair);
        refuseUnsafePair(facts, pair, connection);
        const verifier = await verifierFor(facts.verifierSettings, user, password, login);
        const reset = `ALTER ROLE ${connection.identifier(user)} LOGIN PASSWORD ${connection.literal(verifier.reveal())}`;
        await connection.ask(['BEGIN', ...cloneStatements(facts, pair, connection)].join('; '), preparationError(pair));
        await connection.ask(`${reset}; COMMIT`, resetError(user, pair));
      },

      async proveRights(pair) {
        const [row] = await connection.ask(actsAsFirst(pair, connection));
        if (typeof row === 'object' && row !== null && 'acts' in row && row.acts === true) return;
        throw new AlternateRefused(
          `${login.username} logs in at ${login.host}:${login.port}, but does not act as ${pair.first} and lacks its rights. Let the rotation repeat, which grants them; if this comes back, look for who revokes them.`,
        );
      },
    };
  },
};

/** A clone is let in with the first user's rights: it must be nobody else's, and nobody more powerful. */
function refuseUnsafePair({ first, clone }: PairFacts, pair: UserPair, connection: PostgresConnection): void {
  const [firstName, cloneName] = [connection.identifier(pair.first), connection.identifier(pair.clone)];
  if (!first.exists) {
    throw new AlternateRefused(
      `There is no role ${firstName} for ${cloneName} to take turns with. If ${pair.clone} is itself the first user, put the tag rotation:first-user = ${pair.clone} on the secret, then rotate again.`,
    );
  }
  if (!clone.exists) return;
  if (clone.memberOf.length !== 1 || clone.memberOf[0] !== pair.first) {
    const now = clone.memberOf.length === 0 ? 'of no role' : `of ${clone.memberOf.join(', ')}`;
    throw new AlternateRefused(
      `Role ${cloneName} exists and is a member ${now}; to take turns with ${firstName} it must be a member of that role alone. If it is meant for that: GRANT ${firstName} TO ${cloneName}; and revoke the others. If it is somebody else's, give the first user another name.`,
    );
  }
  if (clone.elevated) {
    throw new AlternateRefused(
      `Role ${cloneName} has rights of its own that ${firstName} need not have. Take them away: ALTER ROLE ${cloneName} NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS; then rotate again.`,
    );
  }
  if (clone.ownsIn.length > 0) {
    const where = clone.ownsIn.map((database) => database || 'the whole server').join(', ');
    throw new AlternateRefused(
      `Role ${cloneName} owns objects in ${where}, which ${firstName} could not use in its turn. Give them to the first user, in each of these databases: REASSIGN OWNED BY ${cloneName} TO ${firstName}; then rotate again.`,
    );
  }
}

/** All that the clone needs besides its password, whatever it had before. */
function cloneStatements(
  { first, clone, serverVersion }: PairFacts,
  pair: UserPair,
  connection: PostgresConnection,
): string[] {
  const [firstName, cloneName] = [connection.identifier(pair.first), connection.identifier(pair.clone)];
  const grantOptions = serverVersion >= GRANT_OPTIONS_SINCE ? ' WITH INHERIT TRUE, SET TRUE' : '';
  const validity = connection.literal(first.validUntil ?? 'infinity');
  const inDatabase = (database: string | undefined) =>
    database === undefined ? '' : ` IN DATABASE ${connection.identifier(database)}`;
  const databases = new Set(
    clone.settings.map(({ database }) => database).filter((database) => database !== undefined),
  );
  const actsAsFirstUser = { database: undefined, name: 'role', value: pair.first };
  return [
    ...(clone.exists ? [] : [`CREATE ROLE ${cloneName} INHERIT`]),
    `GRANT ${firstName} TO ${cloneName}${grantOptions}`,
    `ALTER ROLE ${cloneName} CONNECTION LIMIT ${first.connectionLimit} VALID UNTIL ${validity}`,
    `ALTER ROLE ${cloneName} RESET ALL`,
    ...[...databases].map((database) => `ALTER ROLE ${cloneName}${inDatabase(database)} RESET ALL`),
    ...[actsAsFirstUser, ...first.settings].flatMap((setting) => {
      const { name, value } = resolved(setting, pair);
      const target = `ALTER ROLE ${cloneName}${inDatabase(setting.database)} SET ${connection.identifier(name)}`;
      if (!LISTS_OF_NAMES.includes(name)) return [`${target} TO ${connection.literal(value)}`];
      // A value that the server has written is set as it is, and copied from there: no parsing of lists, no quoting.
      return [
        `SELECT set_config(${connection.literal(name)}, ${connection.literal(value)}, true)`,
        `${target} FROM CURRENT`,
      ];
    }),
  ];
}

/** Where the first user acts as itself, the clone acts as the first user. */
function resolved({ name, value }: RoleSetting, { first }: UserPair): { name: string; value: string } {
  return { name, value: name === 'role' && value === 'none' ? first : value };
}

/** Whether the session acts as the first user does from login on, which may be as a role of its own. */
function actsAsFirst({ first }: UserPair, connection: PostgresConnection): string {
  const name = connection.literal(first);
  return `SELECT current_user = coalesce((
      SELECT nullif(substr(setting, 6), 'none') FROM pg_catalog.pg_db_role_setting, pg_catalog.unnest(setconfig) AS setting
      WHERE setrole = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ${name})
        AND setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
        AND setting LIKE 'role=%'
      ORDER BY setdatabase DESC LIMIT 1), ${name}) AS acts`;
}
