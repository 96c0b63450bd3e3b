/** What an account may do, one line a right, each in a form that two accounts' lines can be compared by. */
export interface Grants {
  /** By object (`ON …`): privileges, with `GRANT OPTION` as one of them. */
  readonly privileges: ReadonlyMap<string, ReadonlySet<string>>;
  /** By role: whether it may be passed on. */
  readonly roles: ReadonlyMap<string, 'with admin option' | 'to use'>;
  /** MariaDB tells it among the grants, MySQL with the account. */
  readonly defaultRole: string | undefined;
}

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
  const roles = new Map<string, 'with admin option' | 'to use'>();
  let defaultRole: string | undefined;
  for (const line of lines) {
    const granted = PRIVILEGES.exec(line);
    const role = ROLES.exec(line);
    const preset = DEFAULT_ROLE.exec(line);
    if (granted) {
      const [, list = '', object = '', rest = ''] = granted;
      const held = privileges.get(object) ?? new Set();
      for (const privilege of split(list)) if (privilege !== USAGE) held.add(privilege);
      if (/ WITH GRANT OPTION/.test(rest.replace(QUOTED, ''))) held.add('GRANT OPTION');
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
  return { privileges, roles, defaultRole };
}

/** The statements that give an account what it lacks. */
export function giving(wanted: Grants, has: Grants, account: string): string[] {
  const privileges = differing(wanted.privileges, has.privileges).map(([object, missing]) =>
    granting(missing, object, account),
  );
  const roles = [...wanted.roles].filter(
    ([role, extent]) => has.roles.get(role) !== extent && has.roles.get(role) !== 'with admin option',
  );
  return [
    ...privileges,
    ...roles.map(([role, extent]) => `GRANT ${role} TO ${account}${extent === 'to use' ? '' : ' WITH ADMIN OPTION'}`),
  ];
}

/** The statements that take from an account what it has beyond `wanted`, which it has been given. */
export function taking(wanted: Grants, has: Grants, account: string): string[] {
  const privileges = differing(has.privileges, wanted.privileges).flatMap(([object, extra]) =>
    extra.map((privilege) => `REVOKE ${privilege} ON ${object} FROM ${account}`),
  );
  const roles = [...has.roles].flatMap(([role, extent]) => {
    const kept = wanted.roles.get(role);
    if (kept === undefined) return [`REVOKE ${role} FROM ${account}`];
    return kept === extent ? [] : [`REVOKE ADMIN OPTION FOR ${role} FROM ${account}`];
  });
  return [...privileges, ...roles];
}

/** Whether an account may do something everywhere, or by a role, that the other may not. */
export function isMorePowerful(one: Grants, other: Grants): boolean {
  return (
    differing(one.privileges, other.privileges).some(([object]) => object === '*.*') ||
    [...one.roles.keys()].some((role) => !other.roles.has(role))
  );
}

export function sameGrants(one: Grants, other: Grants): boolean {
  return giving(one, other, '').length === 0 && taking(one, other, '').length === 0;
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
