import { AlternateRefused } from '../errors.ts';
import type { Sensitive } from '../secrets/sensitive.ts';
import { firstText } from './mysql-account.ts';
import { differing } from './mysql-account-options.ts';
import { type Ask, passwordPlugin } from './mysql-accounts.ts';
import type { Dialect } from './mysql-dialects.ts';
import { isRefusal } from './mysql-errors.ts';
import { type Grants, giving, NOTHING, parseGrants, sameGrants, taking } from './mysql-grants.ts';
import type { Account } from './mysql-pair-claims.ts';

export interface Making {
  readonly first: Account;
  /** If it is there already. */
  readonly clone: Account | undefined;
  /** The clone's, quoted. */
  readonly name: string;
  readonly password: Sensitive;
  readonly mark: string;
}

/**
 * Makes the clone, locked, or takes it up where an earlier try has left it, and gives it what the first user has. Whether
 * and with what it may log in is left as it is.
 *
 * @param set runs a statement that has the new password in it
 * @throws AlternateRefused if it cannot have exactly the same rights
 */
export async function bringInLine(
  making: Making,
  dialect: Dialect,
  ask: Ask,
  set: (statement: string, values: readonly string[]) => Promise<void>,
): Promise<void> {
  const { first, clone, name } = making;
  const wanted = first.grants ?? NOTHING;
  if (clone === undefined) await make(making, dialect, set);
  const options = differing(first.options, clone?.options ?? dialect.plainOptions);
  if (options.length > 0) {
    const text = options.map((option) => option.text).join(' ');
    await ask(
      `ALTER USER ${name} ${text}`,
      options.flatMap(({ values }) => values),
    );
  }
  const reread = async () => parseGrants((await ask(`SHOW GRANTS FOR ${name}`)).map(firstText));
  let has: Grants = clone?.grants ?? NOTHING;
  // Given before anything is taken: the clone may be in use. What is given can swallow what was there (ALL PRIVILEGES).
  const given = giving(wanted, has, name);
  for (const statement of given) await ask(statement);
  if (given.length > 0) has = (await reread()) ?? NOTHING;
  const taken = taking(wanted, has, name);
  for (const statement of taken) await ask(statement);
  for (const statement of dialect.defaultRoles(first, clone, name)) await ask(statement);
  if (given.length + taken.length === 0) return;
  const result = await reread();
  if (result && sameGrants(wanted, result)) return;
  throw new AlternateRefused(
    `${name} could not be given exactly what ${first.name} may: compare SHOW GRANTS of the two. Its password was not changed. Express the difference as plain grants or by a role, then let the rotation repeat.`,
  );
}

async function make(
  { first, name, password, mark }: Making,
  dialect: Dialect,
  set: (statement: string, values: readonly string[]) => Promise<void>,
): Promise<void> {
  const [usual, ...others] = dialect.creating(name, passwordPlugin(first), password, mark);
  try {
    if (usual) await set(usual.text, usual.values);
  } catch (error) {
    if (!isRefusal(error, 'verifier')) throw error;
    for (const { text, values } of others) await set(text, values);
  }
}
