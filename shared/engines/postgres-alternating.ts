import { AlternateRefused } from '../errors.ts';
import type { AlternatingEngine, UserPair } from './alternating-engine.ts';
import { postgres, userSession } from './postgres.ts';
import { markedComment, requireOwnClone } from './postgres-clone-proof.ts';
import { refuseUnsafePair } from './postgres-clone-refusals.ts';
import { connectPostgres, type PostgresConnection, verifierFor } from './postgres-connection.ts';
import { GRANT_OPTIONS_SINCE, type PairFacts, type RoleSetting, readPairFacts } from './postgres-role-facts.ts';
import { preparationError, resetError } from './postgres-superuser-errors.ts';

/** Settings that hold a list, each entry of which is a value of its own in `SET`: GUC_LIST_QUOTE in the server's source. */
const LISTS = ['search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries'];
const LISTS_OF_FILES = ['local_preload_libraries', 'session_preload_libraries'];

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

      accountHost: async () => '',

      async letIn(user, pair, password, claim) {
        const facts = await readPairFacts(connection, pair);
        refuseUnsafePair(facts, pair, user);
        await requireOwnClone(facts, pair, user, claim, limit);
        const verifier = await verifierFor(facts.verifierSettings, user, password, login);
        // What locks the first user out is not ours to undo: it may log in already, and only the clone is made to.
        const mayLogIn = user === pair.clone ? 'LOGIN ' : '';
        const reset = `ALTER ROLE ${connection.identifier(user)} ${mayLogIn}PASSWORD ${connection.literal(verifier.reveal())}`;
        const administered = facts.clone.exists ? [pair.first, pair.clone] : [pair.first];
        const mark = `COMMENT ON ROLE ${connection.identifier(pair.clone)} IS ${connection.literal(markedComment(facts, claim))}`;
        const isProven = user === pair.clone || claim.current;
        const preparation = ['BEGIN', ...cloneStatements(facts, pair, connection), ...(isProven ? [mark] : [])].join(
          '; ',
        );
        await connection.ask(preparation, preparationError(administered));
        await connection.ask(`${reset}; COMMIT`, resetError(user, administered));
      },

      async proveRights(pair) {
        const [row] = await connection.ask(actsAsFirst(pair, connection));
        if (typeof row === 'object' && row !== null && 'acts' in row && row.acts === true) return;
        throw new AlternateRefused(
          `${login.username} logs in at ${login.host}:${login.port}, but does not act as ${pair.first} and lacks its rights. Let the rotation repeat, which mends that or says what is missing; if this comes back, look for who changes these roles.`,
        );
      },
    };
  },
};

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
    ...(clone.exists ? [] : [`CREATE ROLE ${cloneName}`]),
    `GRANT ${firstName} TO ${cloneName}${grantOptions}`,
    `ALTER ROLE ${cloneName} INHERIT CONNECTION LIMIT ${first.connectionLimit} VALID UNTIL ${validity}`,
    `ALTER ROLE ${cloneName} RESET ALL`,
    ...[...databases].map((database) => `ALTER ROLE ${cloneName}${inDatabase(database)} RESET ALL`),
    ...[actsAsFirstUser, ...first.settings].map((setting) => {
      const { name, value } = resolved(setting, pair);
      const values = LISTS.includes(name) ? entriesOf(name, value) : [value];
      const target = `ALTER ROLE ${cloneName}${inDatabase(setting.database)} SET ${connection.identifier(name)}`;
      return `${target} TO ${values.map((entry) => connection.literal(entry)).join(', ')}`;
    }),
  ];
}

/** Where the first user acts as itself, the clone acts as the first user. */
function resolved({ name, value }: RoleSetting, { first }: UserPair): { name: string; value: string } {
  return { name, value: name === 'role' && value === 'none' ? first : value };
}

/**
 * The server keeps a list as one text, its entries quoted like identifiers. They are not set in this session and copied
 * from there: with a search path that the first user chose, its functions could run in the place of the server's.
 */
function entriesOf(name: string, list: string): string[] {
  const entries = [...list.matchAll(/"((?:[^"]|"")*)"|[^\s,"]+/g)].map(([bare, quoted]) => {
    if (quoted !== undefined) return quoted.replaceAll('""', '"');
    return LISTS_OF_FILES.includes(name) ? bare : bare.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  });
  return entries.length === 0 ? [''] : entries;
}

/** Whether the session acts as the first user does from login on, which may be as a role of its own. */
function actsAsFirst({ first }: UserPair, connection: PostgresConnection): string {
  const name = connection.literal(first);
  return `SELECT current_user = coalesce((
      SELECT nullif(pg_catalog.substr(setting, 6), 'none')
      FROM pg_catalog.pg_db_role_setting, pg_catalog.unnest(setconfig) AS setting
      WHERE setrole = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ${name})
        AND setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
        AND setting LIKE 'role=%'
      ORDER BY setdatabase DESC LIMIT 1), ${name}) AS acts`;
}
