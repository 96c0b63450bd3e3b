import type { Engine, Limits } from '../../../shared/engines/engine.ts';
import { LoginRefused } from '../../../shared/errors.ts';
import { singleUser } from '../../../shared/strategies/single-user.ts';
import { containerOf, field, type Target, withFields, without } from './target.ts';

const LIMITS: Limits = { userName: { most: 32, of: 'characters' }, passwordBytes: 200, otherwise: '' };

/** What all databases in memory have in common. */
export const DATABASE: Omit<Engine, 'connect'> = {
  name: 'Database',
  engineNames: ['memory'],
  defaultPort: 1,
  defaultDatabase: 'app',
  refusedLogins: Number.POSITIVE_INFINITY,
  limits: () => LIMITS,
};

export const STRANGER = 'stranger-password-that-the-writer-of-the-secret-knows';

export function databaseSecret(username: string, more: Readonly<Record<string, string>> = {}): string {
  return JSON.stringify({
    engine: 'memory',
    host: 'db',
    username,
    password: `initial-password-of-${username}`,
    ...more,
  });
}

/** One user that changes its own password, beside the account of somebody else. */
export function singleUserTarget(): Target {
  const initial = databaseSecret('app');
  const passwords = new Map([
    ['app', `initial-password-of-app`],
    ['stranger', STRANGER],
  ]);
  const isLetIn = (user: string | undefined, password: string | undefined) =>
    user !== undefined && password !== undefined && passwords.get(user) === password;
  return {
    initial,
    container: (effects) => {
      const engine: Engine = {
        ...DATABASE,
        connect: ({ username, password }) =>
          effects.perform('target', `log in as ${username}`, () => {
            if (!isLetIn(username, password.reveal())) throw new LoginRefused(`${username} is refused.`);
            return {
              probe: () => effects.perform('target', 'probe', () => undefined),
              changeOwnPassword: (next) =>
                effects.perform('target', `change the password of ${username}`, () => {
                  passwords.set(username, next.reveal());
                }),
              close: async () => undefined,
            };
          }),
      };
      return containerOf(singleUser(engine));
    },
    credential: (value) => field(value, 'password'),
    rest: (value) => without(value, 'password'),
    works: (value) => isLetIn(field(value, 'username'), field(value, 'password')),
    accepted: () => [passwords.get('app') ?? ''],
    change(value, nth) {
      const password = `changed-by-hand-${nth}`;
      passwords.set('app', password);
      return withFields(value, { password });
    },
    accept(value) {
      if (field(value, 'username') === 'app') passwords.set('app', field(value, 'password') ?? '');
    },
    planted: (value) => [
      withFields(value, { password: 'x' }),
      withFields(value, { username: 'stranger', password: `planted-password-${'0123456789'.repeat(4)}` }),
      'not JSON',
    ],
    foreign: () => passwords.get('stranger') ?? '',
    dump: () => JSON.stringify([...passwords]),
  };
}
