import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { logsIn } from '../../local/databases/database-server.ts';
import type { MysqlServer } from '../../local/databases/mysql-server.ts';
import { mysqlAlternating } from '../../shared/engines/mysql-alternating.ts';
import { mysqlOverlapping } from '../../shared/engines/mysql-overlapping.ts';
import type { Step } from '../../shared/rotation/event.ts';
import { rotationHandler } from '../../shared/rotation/handler.ts';
import { alternatingUsers } from '../../shared/strategies/alternating-users.ts';
import { overlappingUser } from '../../shared/strategies/overlapping-user.ts';
import { OVERLAP } from './overlapping-rotation.ts';
import { invokeStep, type Protocol } from './protocol.ts';

/** The ways in which the functions for MySQL and MariaDB rotate. */
export const MYSQL_KINDS = [
  'a single user',
  'a user with two passwords',
  'the first of two users',
  'the clone',
] as const;
export type MysqlKind = (typeof MYSQL_KINDS)[number];

export const FIRST_PASSWORD = 'The-first-password-1';
const HOSTS = ['%', '10.%'];

/** What both users of a pair may do; `prepareMysql` makes it. */
export const RIGHT = 'SELECT id, name FROM shop.item';

export async function prepareMysql(server: MysqlServer): Promise<void> {
  for (const statement of [
    'CREATE DATABASE shop',
    'CREATE TABLE shop.item (id int, name int)',
    'CREATE ROLE reader',
    'GRANT SELECT (id) ON shop.item TO reader',
  ])
    await server.query(statement);
}

/** A user of a MySQL or MariaDB server, and a rotation of its secret that has begun; the function reaches the server at `place`. */
export async function newMysqlRotation(
  kind: MysqlKind,
  server: MysqlServer,
  protocol: Protocol,
  place: { readonly host: string; readonly port: number } = server,
) {
  const first = `app_${randomBytes(4).toString('hex')}`;
  const alternating = kind === 'the first of two users' || kind === 'the clone';
  const username = kind === 'the clone' ? `${first}_clone` : first;
  onTestFinished(async () => {
    for (const host of HOSTS) await server.query(`DROP USER IF EXISTS ${first}@'${host}', ${first}_clone@'${host}'`);
  });
  for (const user of new Set([first, username])) {
    for (const host of HOSTS) await server.query(`CREATE USER ${user}@'${host}' IDENTIFIED BY '${FIRST_PASSWORD}'`);
  }
  const [row] = await server.query('SELECT VERSION() AS version');
  const isMariadb = /mariadb/i.test(String(row?.['version']));
  for (const statement of [
    `GRANT INSERT ON shop.* TO ${first}@'%' WITH GRANT OPTION`,
    `GRANT SELECT (name) ON shop.item TO ${first}@'%'`,
    `GRANT reader TO ${first}@'%'`,
    `SET DEFAULT ROLE reader ${isMariadb ? 'FOR' : 'TO'} ${first}@'%'`,
    // On MySQL an account keeps its own second password.
    ...(kind === 'a user with two passwords' && !isMariadb
      ? [
          `GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO ${first}@'%'`,
          `GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO ${first}@'10.%'`,
        ]
      : []),
  ])
    await server.query(statement);

  const login = { engine: 'mariadb', host: place.host, port: place.port, ssl: false };
  const { username: boss, password: bossPassword } = server.superuser;
  const masterarn = protocol.createSecret(JSON.stringify({ ...login, username: boss, password: bossPassword }));
  const value = (changes: Readonly<Record<string, unknown>> = {}) =>
    JSON.stringify({
      ...login,
      username,
      password: FIRST_PASSWORD,
      ...(kind !== 'a single user' && { masterarn }),
      ...changes,
    });
  const tags = kind === 'a user with two passwords' ? Object.entries(OVERLAP) : [];
  const arn = protocol.createSecret(
    value(),
    tags.map(([Key, Value]) => ({ Key, Value })),
  );
  const strategy = alternating ? alternatingUsers(mysqlAlternating) : overlappingUser(mysqlOverlapping);
  const handler = rotationHandler(strategy, protocol.client);

  const loginIn = (stage: string): { username: string; password: string } | undefined => {
    const text = protocol.valueOf(arn, stage);
    if (text === undefined) return undefined;
    const { username, password } = JSON.parse(text);
    return { username, password };
  };

  const rotation = {
    arn,
    token: protocol.beginRotation(arn),
    first,
    alternating,
    loginIn,
    step: (step: Step, timeMs?: number) => invokeStep(handler, step, arn, rotation.token, timeMs),
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
    /** Whether the server itself takes the login of a version. */
    async logsIn(stage: string): Promise<boolean> {
      const login = loginIn(stage);
      return login !== undefined && (await logsIn(server, login));
    },
    /** The names of all accounts, and what each may do. */
    async accounts(): Promise<Readonly<Record<string, readonly string[]>>> {
      const rows = await server.query(
        `SELECT User AS user, Host AS host FROM mysql.user WHERE User LIKE '${first}%' ORDER BY 1, 2`,
      );
      const told: Record<string, readonly string[]> = {};
      for (const { user, host } of rows) {
        const lines = await server.query(`SHOW GRANTS FOR '${user}'@'${host}'`);
        told[`${user}@${host}`] = lines
          .map((line) => String(Object.values(line)[0]))
          .map((line) => line.replaceAll(`\`${user}\``, 'USER').replace(/ IDENTIFIED .*$/, ''))
          .toSorted();
      }
      return told;
    },
  };
  return rotation;
}
