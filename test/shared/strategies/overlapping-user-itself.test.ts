import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseLogin } from '../../../shared/engines/engine.ts';
import { mysql } from '../../../shared/engines/mysql.ts';
import { changeKeepingOwn, endKept, overlapBy } from '../../../shared/engines/mysql-own-overlap.ts';
import type { OverlappingEngine } from '../../../shared/engines/overlapping-engine.ts';
import { LoginRefused } from '../../../shared/errors.ts';
import { rotationHandler } from '../../../shared/rotation/handler.ts';
import { overlappingUser } from '../../../shared/strategies/overlapping-user.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { invokeStep, type Protocol, startProtocol } from '../../support/protocol.ts';

let protocol: Protocol;
const output = outputOfEachTest();
beforeAll(async () => {
  protocol = await startProtocol();
});
afterAll(() => protocol.close());

/**
 * A MySQL 8 account as the manual describes dual passwords: RETAIN makes the primary password the second one, a change
 * without it leaves the second one as it is, and DISCARD ends that.
 * https://dev.mysql.com/doc/refman/8.4/en/password-management.html#dual-passwords
 */
class DualPasswords {
  primary = 'first-password';
  secondary: string | undefined;
  readonly logins: string[] = [];
  readonly #privilege: string;

  constructor(privilege = 'APPLICATION_PASSWORD_ADMIN') {
    this.#privilege = privilege;
  }

  accepts(password: string): boolean {
    return password === this.primary || password === this.secondary;
  }

  async ask(statement: string, [password = '']: readonly string[] = []) {
    if (statement === 'SELECT VERSION() AS version') return [{ version: '8.4.3' }];
    if (statement === 'SHOW GRANTS') return [{ grants: `GRANT ${this.#privilege} ON *.* TO \`app\`@\`%\`` }];
    if (statement.endsWith(' DISCARD OLD PASSWORD')) this.secondary = undefined;
    if (statement.endsWith(' RETAIN CURRENT PASSWORD')) this.secondary = this.primary;
    if (statement.includes(' IDENTIFIED BY ')) this.primary = password;
    return [];
  }

  readonly engine: OverlappingEngine = {
    ...mysql,
    connect: async (login: DatabaseLogin) => {
      const accepted = this.accepts(login.password.reveal());
      this.logins.push(accepted ? 'accepted' : 'refused');
      if (!accepted) throw new LoginRefused('It is not the password.');
      const connection = { ask: this.ask.bind(this) };
      return {
        async probe() {},
        changeOwnPassword: async (password) => {
          await connection.ask('ALTER USER USER() IDENTIFIED BY ?', [password.reveal()]);
        },
        overlapBy: () => overlapBy(connection, login),
        changeKeepingOwn: (password) => changeKeepingOwn(connection, login, password),
        endKept: () => endKept(connection, login),
        accountHost: async () => '%',
        givePasswords: async () => 'not asked of this one',
        async close() {},
      };
    },
  };
}

function begin(account: DualPasswords, tags: Readonly<Record<string, string>>) {
  const place = { engine: 'mysql', host: 'db.example', username: 'app' };
  const arn = protocol.createSecret(
    JSON.stringify({ ...place, password: 'first-password' }),
    Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  );
  const handler = rotationHandler(overlappingUser(account.engine), protocol.client);
  const rotation = {
    token: protocol.beginRotation(arn),
    step: (step: Parameters<typeof invokeStep>[1]) => invokeStep(handler, step, arn, rotation.token),
    async rotate() {
      rotation.token = protocol.beginRotation(arn);
      for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const)
        await rotation.step(step);
    },
    passwordIn: (stage: string): string => JSON.parse(protocol.valueOf(arn, stage) ?? '{}').password,
  };
  return rotation;
}

const OVERLAP = { 'rotation:overlap': 'true' };
const warnings = () => output.logs().filter(({ level }) => level === 'WARN');

describe('a MySQL 8 account that keeps its own second password (a model by the manual; no such server is at hand)', () => {
  it('has the passwords of AWSCURRENT and AWSPREVIOUS after each rotation, for 3 logins, 1 of them refused', async () => {
    const account = new DualPasswords();
    const rotation = begin(account, OVERLAP);
    for (let time = 0; time < 3; time++) {
      account.logins.length = 0;
      await rotation.rotate();
      expect(account.logins).toEqual(['accepted', 'refused', 'accepted']);
      expect(account.primary).toBe(rotation.passwordIn('AWSCURRENT'));
      expect(account.secondary).toBe(rotation.passwordIn('AWSPREVIOUS'));
    }
    expect(warnings()).toEqual([]);
  });

  it('keeps the current one when setSecret is repeated, since the candidate is tried first', async () => {
    const account = new DualPasswords();
    const rotation = begin(account, OVERLAP);
    await rotation.step('createSecret');
    await rotation.step('setSecret');
    await rotation.step('setSecret');
    expect(account.primary).toBe(rotation.passwordIn('AWSPENDING'));
    expect(account.secondary).toBe('first-password');
  });

  it('keeps the current one after a rotation that was given up, whose candidate ends', async () => {
    const account = new DualPasswords();
    const rotation = begin(account, OVERLAP);
    await rotation.step('createSecret');
    await rotation.step('setSecret');
    await rotation.rotate();
    expect(account.primary).toBe(rotation.passwordIn('AWSCURRENT'));
    expect(account.secondary).toBe('first-password');
  });

  it('without the tag ends every old password', async () => {
    const account = new DualPasswords();
    account.secondary = 'kept-by-an-earlier-rotation';
    const rotation = begin(account, {});
    await rotation.rotate();
    expect(account.primary).toBe(rotation.passwordIn('AWSCURRENT'));
    expect(account.secondary).toBeUndefined();
    expect(account.logins).toEqual(['accepted', 'accepted']);
  });

  it('that lacks the privilege is rotated plainly, which is said once, with the statement that grants it', async () => {
    const account = new DualPasswords('USAGE');
    const rotation = begin(account, OVERLAP);
    await rotation.rotate();
    expect(account.primary).toBe(rotation.passwordIn('AWSCURRENT'));
    expect(account.secondary).toBeUndefined();
    expect(account.logins).toEqual(['accepted', 'accepted']);
    expect(warnings()).toHaveLength(1);
    expect(String(warnings()[0]?.['message'])).toContain('GRANT APPLICATION_PASSWORD_ADMIN');
  });
});
