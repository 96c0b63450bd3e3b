import type { DatabaseLogin } from '../engines/engine.ts';
import type { Account, OverlappingEngine, OverlappingSession } from '../engines/overlapping-engine.ts';
import { NoWorkingPassword, PasswordChangeForbidden, SuperuserRefused, TooManyRefusedLogins } from '../errors.ts';
import type { Context, Strategy } from '../rotation/strategy.ts';
import { OVERLAPPING_USER_SETTINGS } from '../settings/known-settings.ts';
import type { DatabaseSecret, StoredLogin } from './database-secret.ts';
import { located } from './located.ts';
import { loggedIn } from './logged-in.ts';
import { OVERLAP_TAG, overlapWanted } from './overlap-setting.ts';
import { replicated } from './replicated.ts';
import { type Change, singleUser } from './single-user.ts';
import { atServerOf, proveCurrent, readSuperuser, superuserSession } from './superuser.ts';

/** What a superuser may be able to help with. */
const MAY_HELP = [NoWorkingPassword, TooManyRefusedLogins, PasswordChangeForbidden];

/**
 * One database user with two passwords, that of AWSCURRENT and that of AWSPREVIOUS, if the tag `rotation:overlap` asks
 * for it and the server allows it; otherwise a plain single user.
 *
 * A plain rotation asks Secrets Manager no more than before: `set` asks for the tags only where an overlap is possible,
 * since the user itself may keep its old password or the secret names a superuser where one is needed. That an overlap
 * was asked for in vain is said by `finish`, which has the tags anyway.
 *
 * What is proved before a superuser sets anything: that AWSCURRENT logs in, at the superuser's server, as an account of the
 * name in the secret (`accountHost`). What is done is confined to that account and to those of the same name that the same
 * password opens; they get the candidate and keep that password at most. Where the deployer lets the superuser go on without
 * the proof, all accounts of the name get the candidate.
 */
export function overlappingUser(engine: OverlappingEngine): Strategy<DatabaseSecret<StoredLogin>> {
  /** By token, what an overlap lacked. Lost with the process, and then said by the next rotation. */
  const lacking = new Map<string, string>();
  const plain = singleUser(engine, { apply, settle });

  return {
    ...plain,
    settings: OVERLAPPING_USER_SETTINGS,

    async create(versions, context) {
      // A tag that means nothing is wrong before anything is made of it.
      await isWanted(context);
      return await plain.create(versions, context);
    },

    async set(versions, context) {
      try {
        await plain.set(versions, context);
      } catch (error) {
        if (!MAY_HELP.some((one) => error instanceof one)) throw error;
        const stored = await Promise.all([versions.current(), versions.candidate()]);
        if (superuserSecretOf(stored[0]) === undefined || !(await isWanted(context))) throw error;
        const [current, candidate] = await Promise.all([
          located(stored[0], engine, context),
          located(stored[1], engine, context),
        ]);
        const superuser = await superuserOf(current, context);
        if (await proveCurrent(engine, atServerOf(superuser.login, current.login), context)) throw error;
        const account = { user: current.login.username };
        await versions.requireStillPending();
        await givePasswords(await superuser.session(), account, candidate, undefined);
        await replicated(engine, candidate.login, superuser.login, context);
      }
    },

    async finish(_, context) {
      const otherwise = lacking.get(context.token);
      lacking.delete(context.token);
      if (otherwise !== undefined && (await isWanted(context))) context.warn(plainlyRotated(otherwise));
    },
  };

  async function apply(...[session, secrets, context]: Parameters<Change<OverlappingSession>['apply']>): Promise<void> {
    const { current, candidate } = secrets;
    const { password } = candidate.login;
    const overlap = await session.overlapBy();
    const possible = overlap.by === 'itself' || (overlap.by === 'a superuser' && superuserSecretOf(current));
    if (!possible) {
      lacking.set(context.token, overlap.otherwise);
      await session.changeOwnPassword(password);
      if (overlap.by === 'nobody' && overlap.unknownUntilChanged) await endKept(session);
      return;
    }
    if (!(await isWanted(context))) return await endOverlap(session, overlap.by === 'itself', secrets, context);
    if (overlap.by !== 'itself') return await throughSuperuser(session, secrets, context, 'keep current');
    await session.changeKeepingOwn(password);
  }

  /** A run that was cut off between the change and the end of the second password left that one good. */
  async function settle(session: OverlappingSession, current: 'refused' | 'changed', context: Context): Promise<void> {
    // Then AWSCURRENT is what was kept.
    if (current === 'changed' && (await isWanted(context))) return;
    await endKept(session);
  }

  async function endKept(session: OverlappingSession): Promise<void> {
    if ((await session.overlapBy()).by === 'itself') await session.endKept();
  }

  /** The plain way, for a user that may have two passwords from a time when the tag asked for them. */
  async function endOverlap(
    session: OverlappingSession,
    byItself: boolean,
    secrets: { current: DatabaseSecret; candidate: DatabaseSecret },
    context: Context,
  ): Promise<void> {
    try {
      await session.changeOwnPassword(secrets.candidate.login.password);
      if (byItself) await session.endKept();
    } catch (error) {
      if (!(error instanceof PasswordChangeForbidden) || byItself) throw error;
      await throughSuperuser(session, secrets, context, 'end current');
    }
  }

  async function throughSuperuser(
    session: OverlappingSession,
    { current, candidate }: { current: DatabaseSecret; candidate: DatabaseSecret },
    context: Context,
    old: 'keep current' | 'end current',
  ): Promise<void> {
    const { username: user, password } = current.login;
    const superuser = await superuserOf(current, context);
    const host = await provenHost(session, atServerOf(superuser.login, current.login), current.login, context);
    const account = { user, ...(host !== undefined && { proof: { host, password } }) };
    const kept = old === 'keep current' ? password : undefined;
    const otherwise = await givePasswords(await superuser.session(), account, candidate, kept);
    if (otherwise !== undefined) context.warn(plainlyRotated(otherwise));
    await replicated(engine, candidate.login, superuser.login, context);
  }

  /** A session that was opened as the user's secret says proves nothing where the superuser's says another host or TLS. */
  async function provenHost(
    session: OverlappingSession,
    there: DatabaseLogin,
    here: DatabaseLogin,
    context: Context,
  ): Promise<string | undefined> {
    if (sameServer(there, here)) return await session.accountHost();
    // The account may be limited to one connection.
    await session.close();
    const proof = await loggedIn(engine, there, context);
    if (proof) return await proof.accountHost().finally(() => proof.close());
    await proveCurrent(engine, there, context);
    return undefined;
  }

  async function superuserOf(current: DatabaseSecret, context: Context) {
    const secretId = superuserSecretOf(current) ?? '';
    const other = (login: DatabaseLogin) => requireOther(login, current.login);
    const read = () => readSuperuser(engine, secretId, current, other, context);
    const login = await read();
    return { login, session: () => superuserSession(engine, login, read, secretId, context) };
  }
}

function givePasswords(
  superuser: OverlappingSession,
  account: Account,
  { login }: DatabaseSecret,
  kept: DatabaseLogin['password'] | undefined,
): Promise<string | undefined> {
  return superuser.givePasswords(account, login.password, kept).finally(() => superuser.close());
}

async function isWanted(context: Context): Promise<boolean> {
  return overlapWanted((await context.describe()).tags);
}

function superuserSecretOf({ json }: DatabaseSecret<unknown>): string | undefined {
  return json.string('masterarn') || undefined;
}

function sameServer({ tls: one, ...there }: DatabaseLogin, { tls: other, ...here }: DatabaseLogin): boolean {
  if (there.host !== here.host || there.port !== here.port) return false;
  return typeof one === 'string' || typeof other === 'string' ? one === other : one.authorities === other.authorities;
}

function requireOther(superuser: DatabaseLogin, { username }: DatabaseLogin): void {
  if (superuser.username !== username) return;
  throw new SuperuserRefused(
    `The superuser of the secret's masterarn, ${username}, is the user of the secret itself. Nothing was changed. Name another superuser.`,
  );
}

function plainlyRotated(otherwise: string): string {
  return `The tag ${OVERLAP_TAG} asks that the old password go on working, and it does not: ${otherwise}`;
}
