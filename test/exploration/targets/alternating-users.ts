import type { AlternatingEngine, AlternatingSession } from '../../../shared/engines/alternating-engine.ts';
import { AlternateRefused, LoginRefused, SuperuserRefused, Unreachable } from '../../../shared/errors.ts';
import { alternatingUsers } from '../../../shared/strategies/alternating-users.ts';
import type { Effects } from '../effects.ts';
import { DATABASE, databaseSecret } from './single-user.ts';
import { containerOf, field, type Target, withFields, without } from './target.ts';

export const SUPERUSER_ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:superuser-AbCdEf';

interface Account {
  password: string | undefined;
  rights: string;
  mark: string | undefined;
  /** Lets everybody in, as a `trust` line does. */
  readonly trusts?: boolean;
}

/** Two users that take turns and a superuser, beside accounts of other people: one that trusts, one that is called like a clone. */
export function alternatingUsersTarget({ withUnrelatedClone = false } = {}): Target {
  const account = (password: string | undefined, rights: string): Account => ({ password, rights, mark: undefined });
  const unrelated = withUnrelatedClone ? account('password-of-another-person', 'other rights') : undefined;
  const accounts = new Map<string, Account>([
    ['app', account('initial-password-of-app', 'rights of app')],
    ['admin', account('password-of-admin', 'all')],
    ['stranger', account('password-of-stranger', 'rights of stranger')],
    ['trusting', { ...account('password-of-trusting', 'rights of trusting'), trusts: true }],
    ...(unrelated ? [['app_clone', { ...unrelated }] as const] : []),
  ]);
  let isAdopted = !withUnrelatedClone;
  const ours = () => (isAdopted ? ['app', 'app_clone'] : ['app']);
  const isLetIn = (user: string | undefined, password: string | undefined) => {
    const found = user === undefined ? undefined : accounts.get(user);
    return found !== undefined && (found.trusts === true || (password !== undefined && found.password === password));
  };

  return {
    initial: databaseSecret('app', { masterarn: SUPERUSER_ARN }),
    otherSecrets: { [SUPERUSER_ARN]: withFields(databaseSecret('admin'), { password: 'password-of-admin' }) },
    container: (effects) => containerOf(alternatingUsers(engine(effects))),
    credential: (value) => `${field(value, 'username')} ${field(value, 'password')}`,
    rest: (value) => without(value, 'username', 'password'),
    works: (value) =>
      ['app', 'app_clone'].includes(field(value, 'username') ?? '') &&
      isLetIn(field(value, 'username'), field(value, 'password')),
    accepted: () =>
      ours().flatMap((name) => {
        const password = accounts.get(name)?.password;
        return password === undefined ? [] : [`${name} ${password}`];
      }),
    change(value, nth) {
      const password = `changed-by-hand-${nth}`;
      this.accept(withFields(value, { password }));
      return withFields(value, { password });
    },
    accept(value) {
      const name = field(value, 'username') ?? '';
      const found = accounts.get(name);
      if (found && ours().includes(name)) found.password = field(value, 'password');
    },
    planted: (value) => [
      withFields(value, { password: 'x' }),
      withFields(value, { username: 'stranger', password: 'a-guess' }),
      withFields(value, { username: 'trusting', password: 'a-guess' }),
    ],
    foreign: () =>
      JSON.stringify([...accounts].filter(([name]) => !['app', 'app_clone'].includes(name)).concat(stranger())),
    dump: () => JSON.stringify([...accounts]),
    adopt() {
      isAdopted = true;
    },
    always: (current, worked) =>
      worked && !isLetIn(field(current, 'username'), field(current, 'password'))
        ? 'AWSCURRENT is not let in any more during a rotation of alternating users'
        : undefined,
  };

  /** The unrelated clone is a stranger's until the deployer has said that it is the secret's. */
  function stranger(): [string, Account][] {
    const clone = isAdopted ? unrelated : accounts.get('app_clone');
    return clone ? [['unrelated clone', clone]] : [];
  }

  function engine(effects: Effects): AlternatingEngine {
    return {
      ...DATABASE,
      connect: ({ username, password }) =>
        effects.perform('target', `log in as ${username}`, () => {
          if (!isLetIn(username, password.reveal())) throw new LoginRefused(`${username} is refused.`);
          return session(username, accounts.get(username)?.trusts === true, effects);
        }),
    };
  }

  function session(username: string, passwordNotAsked: boolean, effects: Effects): AlternatingSession {
    return {
      passwordNotAsked,
      probe: () => effects.perform('target', 'probe', () => undefined),
      changeOwnPassword: (password) =>
        effects.perform('target', `change the password of ${username}`, () => {
          const own = accounts.get(username);
          if (own) own.password = password.reveal();
        }),
      close: async () => undefined,
      accountHost: async () => '',
      async letIn(user, { first, clone }, password, claim) {
        if (username !== 'admin') throw new SuperuserRefused(`${username} is no superuser.`);
        const current = user === first ? clone : first;
        const proven = claim.current?.password.reveal();
        if (proven !== undefined && !isLetIn(current, proven)) {
          throw new Unreachable('AWSCURRENT was changed meanwhile.');
        }
        const model = accounts.get(first);
        if (model === undefined) throw new AlternateRefused(`There is no ${first}.`);
        const other = await effects.perform('target', `look at ${user}`, () => accounts.get(user));
        const isEmpty = other?.password === undefined && other?.rights === '';
        const isOurs = other === undefined || isEmpty || other.mark === claim.mark;
        if (!isOurs && other.password !== (await claim.previous())?.password.reveal()) {
          if (!(await claim.adopts())) throw new AlternateRefused(`Nothing shows that ${user} is the secret's.`);
        }
        if (other === undefined) {
          await effects.perform('target', `make ${user}`, () => {
            if (!accounts.has(user)) accounts.set(user, account(undefined, ''));
          });
        }
        await effects.perform('target', `give ${clone} the rights of ${first}`, () => {
          const found = accounts.get(clone);
          if (found) found.rights = model.rights;
        });
        await effects.perform('target', `let in ${user}`, () => {
          const found = accounts.get(user);
          if (found) Object.assign(found, { password: password.reveal(), mark: claim.mark });
        });
      },
      proveRights: ({ first }) =>
        effects.perform('target', 'prove the rights', () => {
          if (accounts.get(username)?.rights !== accounts.get(first)?.rights) {
            throw new AlternateRefused(`${username} has not the rights of ${first}.`);
          }
        }),
    };
  }
}
