import { randomBytes } from 'node:crypto';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { onTestFinished } from 'vitest';
import { logsIn } from '../../local/databases/database-server.ts';
import type { MysqlServer } from '../../local/databases/mysql-server.ts';
import { mysqlAlternating } from '../../shared/engines/mysql-alternating.ts';
import type { Step } from '../../shared/rotation/event.ts';
import { rotationHandler } from '../../shared/rotation/handler.ts';
import { alternatingUsers } from '../../shared/strategies/alternating-users.ts';
import { failureOf } from './failure.ts';
import { expectNoPassword } from './forms.ts';
import { invokeStep, type Protocol } from './protocol.ts';

export const OWN = 'Of-the-secret-1';

export interface MysqlPairOptions {
  /** Which of the two AWSCURRENT is for; its password is `OWN`. */
  readonly current?: 'first' | 'clone';
  /** What AWSPREVIOUS holds, for the other user. */
  readonly previous?: string;
  readonly place?: { readonly host: string; readonly port: number };
}

/**
 * Accounts that the statements make, in which FIRST and CLONE are the names of a pair and OTHER is a third, and a rotation
 * of the secret of one of the pair that has begun.
 */
export async function newMysqlPair(
  server: MysqlServer,
  protocol: Protocol,
  statements: readonly string[],
  { current = 'first', previous, place = server }: MysqlPairOptions = {},
) {
  const first = `app_${randomBytes(4).toString('hex')}`;
  const clone = `${first}_clone`;
  const named = (statement: string) =>
    statement
      .replace(/\bFIRST\b/g, first)
      .replace(/\bCLONE\b/g, clone)
      .replace(/\bOTHER\b/g, `${first}_other`);
  const run = async (...list: readonly string[]) => {
    for (const statement of list) await server.query(named(statement));
  };
  onTestFinished(async () => {
    for (const { name } of await accountsLike('')) await server.query(`DROP USER IF EXISTS ${name}`);
  });
  await run(...statements);

  async function accountsLike(condition: string): Promise<readonly { name: string }[]> {
    const rows = await server.query(
      `SELECT concat(quote(User), '@', quote(Host)) AS name FROM mysql.user
       WHERE (User LIKE '${first.replace('_', '\\_')}%' OR User = '') AND Host <> '' ${condition} ORDER BY 1`,
    );
    return rows.map(({ name }) => ({ name: String(name) }));
  }

  const login = { engine: 'mysql', host: place.host, port: place.port, ssl: false };
  const { username: boss, password: bossPassword } = server.superuser;
  const masterarn = protocol.createSecret(JSON.stringify({ ...login, username: boss, password: bossPassword }));
  const [username, other] = current === 'first' ? [first, clone] : [clone, first];
  const value = (user: string, password: string) => JSON.stringify({ ...login, username: user, password, masterarn });
  const arn = protocol.createSecret(value(previous === undefined ? username : other, previous ?? OWN));
  if (previous !== undefined) {
    await protocol.client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: value(username, OWN) }));
  }
  const handler = rotationHandler(alternatingUsers(mysqlAlternating), protocol.client);
  const loginIn = (stage: string): { username: string; password: string } => {
    const { username: name, password } = JSON.parse(protocol.valueOf(arn, stage) ?? '{}');
    return { username: name, password };
  };

  const pair = {
    arn,
    token: protocol.beginRotation(arn),
    first,
    clone,
    run,
    loginIn,
    step: (step: Step) => invokeStep(handler, step, arn, pair.token),
    async finish(): Promise<void> {
      for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const) await pair.step(step);
    },
    /** Begins another rotation. */
    restart() {
      pair.token = protocol.beginRotation(arn);
    },
    async rotate(): Promise<void> {
      pair.restart();
      await pair.finish();
    },
    logsIn: (stage: string) => logsIn(server, loginIn(stage)),
    opens: (user: string, password: string) => logsIn(server, { username: named(user), password }),

    /** All that the server knows of these accounts. */
    async accounts(condition = ''): Promise<Readonly<Record<string, readonly unknown[]>>> {
      const told: Record<string, readonly unknown[]> = {};
      for (const { name } of await accountsLike(condition)) {
        told[name] = [await server.query(`SHOW CREATE USER ${name}`), await server.query(`SHOW GRANTS FOR ${name}`)];
      }
      return told;
    },

    /** What setSecret fails with, having changed nothing. */
    async refusal(): Promise<{ readonly error: Error; readonly before: unknown; readonly after: unknown }> {
      await pair.step('createSecret');
      const before = await pair.accounts();
      const error = await failureOf(pair.step('setSecret'));
      expectNoPassword(error, protocol.secretTexts(arn));
      return { error, before, after: await pair.accounts() };
    },
  };
  return pair;
}
