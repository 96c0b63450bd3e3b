import type { OverlappingEngine, OverlappingSession } from '../../../shared/engines/overlapping-engine.ts';
import { LoginRefused, PasswordChangeForbidden, SuperuserRefused, Unreachable } from '../../../shared/errors.ts';
import { overlappingUser } from '../../../shared/strategies/overlapping-user.ts';
import type { Effects } from '../effects.ts';
import { SUPERUSER_ARN } from './alternating-users.ts';
import { DATABASE, databaseSecret } from './single-user.ts';
import { containerOf, field, type Target, withFields, without } from './target.ts';

const BY_HAND = 'changed-by-hand-';

/** One user with two passwords, that it keeps by itself (as MySQL lets it) or that a superuser gives it (as on MariaDB). */
export function overlappingUserTarget(by: 'itself' | 'a superuser', wanted = true): Target {
  let passwords: readonly string[] = ['initial-password-of-app', ...(wanted ? [] : ['kept-when-the-tag-was-there'])];
  const others = new Map([
    ['admin', 'password-of-admin'],
    ['stranger', 'password-of-stranger'],
  ]);
  const isLetIn = (user: string | undefined, password: string | undefined) =>
    password !== undefined && (user === 'app' ? passwords.includes(password) : others.get(user ?? '') === password);
  const superuser = by === 'a superuser';

  return {
    initial: databaseSecret('app', superuser ? { masterarn: SUPERUSER_ARN } : {}),
    tags: wanted ? { 'rotation:overlap': 'true' } : {},
    otherSecrets: { [SUPERUSER_ARN]: withFields(databaseSecret('admin'), { password: 'password-of-admin' }) },
    container: (effects) => containerOf(overlappingUser(engine(effects))),
    credential: (value) => field(value, 'password'),
    rest: (value) => without(value, 'password'),
    works: (value) => isLetIn(field(value, 'username'), field(value, 'password')),
    accepted: () => passwords,
    change(value, nth) {
      passwords = [`${BY_HAND}${nth}`];
      return withFields(value, { password: `${BY_HAND}${nth}` });
    },
    accept(value) {
      if (field(value, 'username') === 'app') passwords = [field(value, 'password') ?? ''];
    },
    planted: (value) => [
      withFields(value, { password: 'x' }),
      withFields(value, { username: 'stranger', password: 'a-guess' }),
      'not JSON',
    ],
    foreign: () => JSON.stringify([...others]),
    dump: () => JSON.stringify(passwords),
    promoted: (staged) =>
      passwords.every(
        (password) => password.startsWith(BY_HAND) || staged.some((text) => field(text, 'password') === password),
      )
        ? undefined
        : 'a password that no staged version holds outlives the rotation',
    always: (current, worked) =>
      wanted && worked && !isLetIn(field(current, 'username'), field(current, 'password'))
        ? 'AWSCURRENT is not let in any more during a rotation that keeps two passwords'
        : undefined,
  };

  function engine(effects: Effects): OverlappingEngine {
    return {
      ...DATABASE,
      connect: ({ username, password }) =>
        effects.perform('target', `log in as ${username}`, () => {
          if (!isLetIn(username, password.reveal())) throw new LoginRefused(`${username} is refused.`);
          return session(username, password.reveal(), effects);
        }),
    };
  }

  function session(username: string, own: string, effects: Effects): OverlappingSession {
    return {
      probe: () => effects.perform('target', 'probe', () => undefined),
      close: async () => undefined,
      overlapBy: async () => (superuser ? { by: 'a superuser', otherwise: 'a superuser has to' } : { by: 'itself' }),
      accountHost: async () => '%',
      // A plain change leaves a second password as it is, as MySQL does; MariaDB's replaces all.
      changeOwnPassword: (next) =>
        effects.perform('target', `change the password of ${username}`, () => {
          if (username !== 'app') throw new PasswordChangeForbidden(`${username} is not to be changed.`);
          passwords = [next.reveal(), ...(superuser ? [] : passwords.slice(1))];
        }),
      changeKeepingOwn: (next) =>
        effects.perform('target', `change the password of ${username} and keep the old one`, () => {
          if (passwords[0] === next.reveal()) return;
          if (!passwords.includes(own)) throw new Unreachable('The password was changed meanwhile.');
          passwords = [next.reveal(), own];
        }),
      endKept: () =>
        effects.perform('target', 'end the kept password', () => {
          passwords = passwords.slice(0, 1);
        }),
      givePasswords: ({ proof }, candidate, kept) =>
        effects.perform('target', 'give passwords', () => {
          if (username !== 'admin') throw new SuperuserRefused(`${username} is no superuser.`);
          if (proof && !passwords.includes(proof.password.reveal())) throw new Unreachable('The proof is outdated.');
          passwords = [candidate.reveal(), ...(kept ? [kept.reveal()] : [])];
          return undefined;
        }),
    };
  }
}
