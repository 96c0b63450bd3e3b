import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { DatabaseServer } from '../../local/databases/database-server.ts';
import { mysqlAlternating } from '../../shared/engines/mysql-alternating.ts';
import { mysqlOverlapping } from '../../shared/engines/mysql-overlapping.ts';
import type { Step } from '../../shared/rotation/event.ts';
import { rotationHandler } from '../../shared/rotation/handler.ts';
import { alternatingUsers } from '../../shared/strategies/alternating-users.ts';
import { overlappingUser } from '../../shared/strategies/overlapping-user.ts';
import { failureOf } from './failure.ts';
import { expectNoPassword } from './forms.ts';
import { invokeStep, type Protocol } from './protocol.ts';

export const FIRST_PASSWORD = 'The-first-password-1';

export interface MysqlSecretOptions {
  readonly strategy?: 'one user' | 'two users';
  readonly username?: string;
  /** What follows the account in `CREATE USER`; empty if there shall be none. */
  readonly created?: string;
  /** Fields of the secret that differ from the usual ones; `undefined` leaves one out. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly tags?: Readonly<Record<string, string>>;
  /** Names one also where the strategy does not need it. */
  readonly withSuperuser?: boolean;
}

export type MysqlSecret = Awaited<ReturnType<typeof newMysqlSecret>>;

/** An account of a server, and a rotation of its secret that has begun. */
export async function newMysqlSecret(server: DatabaseServer, protocol: Protocol, options: MysqlSecretOptions = {}) {
  const {
    strategy = 'one user',
    username = `app_${randomBytes(4).toString('hex')}`,
    tags = {},
    withSuperuser = false,
  } = options;
  const { created = `IDENTIFIED BY '${FIRST_PASSWORD}'` } = options;
  onTestFinished(async () => {
    if (created !== '') await server.query(`DROP USER IF EXISTS \`${username}\`@'%'`);
    if (strategy === 'two users' && created !== '') {
      // Of a name that is too long there is none, and the server says so.
      await server.query(`DROP USER IF EXISTS \`${username}_clone\`@'%'`).catch(() => {});
    }
  });
  if (created !== '') await server.query(`CREATE USER \`${username}\`@'%' ${created}`);
  const place = { engine: 'mysql', host: server.host, port: server.port, ssl: false };
  const { username: boss, password: bossPassword } = server.superuser;
  const masterarn = protocol.createSecret(
    JSON.stringify({ ...place, username: boss, password: bossPassword, ...pick(options.fields, ['engine', 'ssl']) }),
  );
  const value = (changes: Readonly<Record<string, unknown>> = {}) =>
    JSON.stringify({
      ...place,
      username,
      password: FIRST_PASSWORD,
      ...options.fields,
      ...((strategy === 'two users' || withSuperuser) && { masterarn }),
      ...changes,
    });
  const arn = protocol.createSecret(
    value(),
    Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  );
  const made = strategy === 'one user' ? overlappingUser(mysqlOverlapping) : alternatingUsers(mysqlAlternating);
  const handler = rotationHandler(made, protocol.client);

  const rotation = {
    arn,
    username,
    masterarn,
    token: protocol.beginRotation(arn),
    /** Runs statements as the superuser, in which `$A` stands for the account. */
    async run(statements: readonly string[]) {
      for (const statement of statements) await server.query(statement.replaceAll('$A', `\`${username}\`@'%'`));
    },
    passwordIn: (stage: string): string => JSON.parse(protocol.valueOf(arn, stage) ?? '{}').password,
    step: (step: Step, timeMs?: number) => invokeStep(handler, step, arn, rotation.token, timeMs),
    /** What a step fails with; that no password stands in it is a matter of course. */
    async failure(step: Step): Promise<Error> {
      const error = await failureOf(rotation.step(step));
      expectNoPassword(error, protocol.secretTexts(arn));
      return error;
    },
    async finish(): Promise<void> {
      for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const)
        await rotation.step(step);
    },
    /** Begins another rotation. */
    restart() {
      rotation.token = protocol.beginRotation(arn);
    },
    /** Stores a candidate by hand, as an earlier try may have left it. */
    stage(changes: Readonly<Record<string, unknown>>) {
      protocol.stage(arn, rotation.token, value(changes));
    },
  };
  return rotation;
}

function pick(fields: Readonly<Record<string, unknown>> = {}, names: readonly string[]) {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
}
