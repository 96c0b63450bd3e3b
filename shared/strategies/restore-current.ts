import type { DatabaseLogin, Session } from '../engines/engine.ts';
import { CandidateRefused, CurrentLoginRefused, OutOfTime, RotationError, Unreachable } from '../errors.ts';
import type { Context, StagedVersions } from '../rotation/strategy.ts';
import { AWSCURRENT, AWSPENDING, AWSPREVIOUS, holderOf } from '../rotation/version-stages.ts';
import { type DatabaseSecret, isSameUser, type StoredLogin } from './database-secret.ts';
import { located } from './located.ts';
import { type EngineOf, loggedIn } from './logged-in.ts';
import { namingVersion } from './naming-version.ts';

/**
 * Makes AWSCURRENT log in, although a candidate that is given up may have been applied: the same user's password of
 * AWSPENDING or AWSPREVIOUS opens the session that sets AWSCURRENT's. Each password travels to the host and under the TLS
 * that its own version names, and acts on its own user only; a superuser has no part in it.
 *
 * @throws CurrentLoginRefused that says which versions were refused; nothing is changed then
 */
export async function restoreCurrent<S extends Session>(
  engine: EngineOf<S>,
  versions: StagedVersions<DatabaseSecret<StoredLogin>>,
  context: Context,
): Promise<void> {
  const stored = await versions.current();
  const { login } = await located(stored, engine, context);
  const asCurrent = await namingVersion(AWSCURRENT, loggedIn(engine, login, context));
  if (asCurrent) return await asCurrent.close();

  const refusals: RotationError[] = [];
  const others = [
    [AWSPENDING, versions.candidate],
    [AWSPREVIOUS, versions.previous],
  ] as const;
  for (const [label, read] of others) {
    const session = await namingVersion(label, sessionOf(read)).catch((error: unknown) => {
      if (!(error instanceof RotationError) || error instanceof Unreachable || error instanceof OutOfTime) throw error;
      refusals.push(error);
    });
    if (!session) continue;
    await setCurrent(session, label, login);
    const check = await namingVersion(AWSCURRENT, engine.connect(login, context.deadline));
    return await check.close();
  }
  throw await currentRefused(login, refusals, context);

  async function sessionOf(read: () => Promise<DatabaseSecret<StoredLogin> | undefined>): Promise<S | undefined> {
    const other = await read();
    if (other === undefined || !isSameUser(other.login, stored.login)) return undefined;
    return await loggedIn(engine, (await located(other, engine, context)).login, context);
  }
}

async function setCurrent(session: Session, label: string, login: DatabaseLogin): Promise<void> {
  const { host, port, username, password } = login;
  try {
    await session.changeOwnPassword(password).finally(() => session.close());
  } catch (error) {
    if (!(error instanceof CandidateRefused)) throw error;
    throw new CurrentLoginRefused(
      `${host}:${port} accepts the password of ${label} for ${username}, and its password rules do not let that of AWSCURRENT be set again. As a superuser set the user's password to that of AWSCURRENT, or store the password of ${label} in AWSCURRENT.`,
      { cause: error },
    );
  }
}

async function currentRefused(
  { host, port, username }: DatabaseLogin,
  refusals: readonly RotationError[],
  context: Context,
): Promise<CurrentLoginRefused> {
  const { arn, stages } = await context.describe();
  const told = refusals.map(({ message }) => ` ${message}`).join('');
  return new CurrentLoginRefused(
    `${host}:${port} refuses the password of AWSCURRENT (version ${holderOf(stages, AWSCURRENT)}) for ${username}, and no password of AWSPENDING (version ${context.token}) or AWSPREVIOUS for the same user and host logs in to set it.${told} Set the user's password at the server to that of AWSCURRENT, or store the one that works: aws secretsmanager put-secret-value --secret-id ${arn} --secret-string file://value.`,
    { cause: refusals[0] },
  );
}
