/** What an account may do, one line a right, each in a form that two accounts' lines can be compared by. */
export interface Grants {
  /** By object (`ON …`): privileges, with `GRANT OPTION`, which is for all of them, as one of them. */
  readonly privileges: ReadonlyMap<string, ReadonlySet<string>>;
  /** MySQL's dynamic privileges, each of which may be passed on or not. They are all `ON *.*`. */
  readonly dynamic: ReadonlyMap<string, Extent>;
  /** By role: whether it may be passed on. */
  readonly roles: ReadonlyMap<string, Extent>;
  /** MariaDB tells it among the grants, MySQL with the account. */
  readonly defaultRole: string | undefined;
}

type Extent = 'with admin option' | 'with grant option' | 'to use';

const NAME = '(?:`(?:[^`]|``)*`|\'(?:[^\'\\\\]|\\\\.|\'\')*\'|"(?:[^"]|"")*")';
const ACCOUNT = `${NAME}(?:@${NAME})?`;
/** Columns may be called anything: what stands in backticks is no word of the statement and ends no parenthesis. */
const COLUMN = '`(?:[^`]|``)*`(?!`)';
const PRIVILEGES = new RegExp(
  `^GRANT ((?:${COLUMN}|[^\`'"])+?) ON ((?:TABLE |FUNCTION |PROCEDURE |PACKAGE (?:BODY )?)?(?:\\*\\.\\*|${NAME}\\.(?:\\*|${NAME}))) TO ${ACCOUNT}(.*)$`,
  's',
);
const ROLES = new RegExp(`^GRANT (${ACCOUNT}(?:, ?${ACCOUNT})*) TO ${ACCOUNT}( WITH ADMIN OPTION)?$`, 's');
const DEFAULT_ROLE = new RegExp(`^SET DEFAULT ROLE (${ACCOUNT}) FOR ${ACCOUNT}$`, 's');

const QUOTED = new RegExp(NAME, 'gs');

/**
 * How dynamic privileges are told from static ones, with which they share no line: their names are one word.
 * https://dev.mysql.com/doc/refman/8.4/en/privileges-provided.html#privileges-provided-dynamic
 */
const DYNAMIC = /^[A-Z0-9]+(?:_[A-Z0-9]+)+$/;

/** Nothing but a login; every account has it. */
const USAGE = 'USAGE';

/**
 * Reads the answer to `SHOW GRANTS` of a session with an empty `sql_mode`. What stands behind the account is looked at for
 * `WITH GRANT OPTION` alone: MariaDB prints the password's hash there.
 *
 * @returns undefined if a line is not understood, such as a partial revoke; then nothing may be derived from the others
 */
export function parseGrants(lines: readonly string[]): Grants | undefined {
  const privileges = new Map<string, Set<string>>();
  const dynamic = new Map<string, Extent>();
  const roles = new Map<string, Extent>();
  let defaultRole: string | undefined;
  for (const line of lines) {
    const granted = PRIVILEGES.exec(line);
    const role = ROLES.exec(line);
    const preset = DEFAULT_ROLE.exec(line);
    if (granted) {
      const [, list = '', object = '', rest = ''] = granted;
      const option = / WITH GRANT OPTION/.test(rest.replace(QUOTED, ''));
      const names = split(list).filter((privilege) => privilege !== USAGE);
      if (object === '*.*' && names.length > 0 && names.every((name) => DYNAMIC.test(name))) {
        for (const name of names) dynamic.set(name, option ? 'with grant option' : 'to use');
        continue;
      }
      const held = new Set([...(privileges.get(object) ?? []), ...names, ...(option ? ['GRANT OPTION'] : [])]);
      if (held.size > 0) privileges.set(object, held);
    } else if (role) {
      const [, list = '', admin] = role;
      for (const name of split(list)) roles.set(name, admin ? 'with admin option' : 'to use');
    } else if (preset) {
      defaultRole = preset[1];
    } else {
      return undefined;
    }
  }
  return { privileges, dynamic, roles, defaultRole };
}

/** The statements that give an account what it lacks. */
export function giving(wanted: Grants, has: Grants, account: string): string[] {
  const privileges = differing(wanted.privileges, has.privileges).map(([object, missing]) =>
    granting(missing, object, account),
  );
  const dynamic = lacking(wanted.dynamic, has.dynamic).map(
    ([name, extent]) => `GRANT ${name} ON *.* TO ${account}${extent === 'to use' ? '' : ' WITH GRANT OPTION'}`,
  );
  const roles = lacking(wanted.roles, has.roles).map(
    ([role, extent]) => `GRANT ${role} TO ${account}${extent === 'to use' ? '' : ' WITH ADMIN OPTION'}`,
  );
  return [...privileges, ...dynamic, ...roles];
}

/** The statements that take from an account what it has beyond `wanted`, which it has been given. */
export function taking(wanted: Grants, has: Grants, account: string): string[] {
  const privileges = differing(has.privileges, wanted.privileges).flatMap(([object, extra]) =>
    extra.map((privilege) => `REVOKE ${privilege} ON ${object} FROM ${account}`),
  );
  const dynamic = [...has.dynamic].flatMap(([name, extent]) => {
    const kept = wanted.dynamic.get(name);
    if (kept === extent) return [];
    // Its grant option alone cannot be revoked.
    const revoked = [`REVOKE ${name} ON *.* FROM ${account}`];
    return kept === undefined ? revoked : [...revoked, `GRANT ${name} ON *.* TO ${account}`];
  });
  const roles = [...has.roles].flatMap(([role, extent]) => {
    const kept = wanted.roles.get(role);
    if (kept === undefined) return [`REVOKE ${role} FROM ${account}`];
    return kept === extent ? [] : [`REVOKE ADMIN OPTION FOR ${role} FROM ${account}`];
  });
  return [...privileges, ...dynamic, ...roles];
}

/** Whether an account may do something everywhere, or by a role, that the other may not. */
export function isMorePowerful(one: Grants, other: Grants): boolean {
  return (
    differing(one.privileges, other.privileges).some(([object]) => object === '*.*') ||
    [...one.dynamic.keys()].some((name) => !other.dynamic.has(name)) ||
    [...one.roles.keys()].some((role) => !other.roles.has(role))
  );
}

export function sameGrants(one: Grants, other: Grants): boolean {
  return giving(one, other, '').length === 0 && taking(one, other, '').length === 0;
}

export const NOTHING: Grants = { privileges: new Map(), dynamic: new Map(), roles: new Map(), defaultRole: undefined };

export function isNothing({ privileges, dynamic, roles }: Grants): boolean {
  return privileges.size + dynamic.size + roles.size === 0;
}

function lacking(wanted: Grants['roles'], has: Grants['roles']): [name: string, extent: Extent][] {
  return [...wanted].filter(([name, extent]) => has.get(name) !== extent && (has.get(name) ?? 'to use') === 'to use');
}

/** By object, the privileges of the one that the other lacks. */
function differing(one: Grants['privileges'], other: Grants['privileges']): [object: string, privileges: string[]][] {
  return [...one].flatMap(([object, privileges]): [string, string[]][] => {
    const missing = [...privileges].filter((privilege) => !other.get(object)?.has(privilege));
    return missing.length > 0 ? [[object, missing]] : [];
  });
}

/** `GRANT OPTION` is not in the list of what is granted, but follows it. */
function granting(privileges: readonly string[], object: string, account: string): string {
  const listed = privileges.filter((privilege) => privilege !== 'GRANT OPTION');
  const option = listed.length < privileges.length ? ' WITH GRANT OPTION' : '';
  return `GRANT ${listed.join(', ') || USAGE} ON ${object} TO ${account}${option}`;
}

const PART = new RegExp(`(?:\\((?:${COLUMN}|[^)\`])*\\)|${NAME}|[^,(\`'"])+`, 'gs');

/** At the commas that are neither in parentheses nor in quotes. */
function split(list: string): string[] {
  const parts = list.match(PART) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}
