import { randomBytes } from 'node:crypto';
import { PutSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { logsIn } from '../../local/databases/database-server.ts';
import type { PostgresServer } from '../../local/databases/postgres-server.ts';
import { postgresAlternating } from '../../shared/engines/postgres-alternating.ts';
import type { Step } from '../../shared/rotation/event.ts';
import { rotationHandler } from '../../shared/rotation/handler.ts';
import { alternatingUsers } from '../../shared/strategies/alternating-users.ts';
import { SUPERUSER } from './alternating-roles.ts';
import { failureOf } from './failure.ts';
import { expectNoPassword } from './forms.ts';
import { type ClientMessage, type Fate, startPostgresProxy } from './postgres-proxy.ts';
import { invokeStep, type Protocol } from './protocol.ts';

export const FIRST_PASSWORD = 'the-first-password';

type Fields = Readonly<Record<string, unknown>>;

export interface PairOptions {
  /** The first user's name; a new one unless given. */
  readonly first?: string;
  /** Which of the two AWSCURRENT is for. A clone is there from the start only if it is that one. */
  readonly current?: 'first' | 'clone';
  readonly tags?: Readonly<Record<string, string>>;
  /** Fields of the secret, and of its superuser's, that differ from the usual ones; `undefined` leaves one out. */
  readonly fields?: Fields;
  readonly superuserFields?: Fields;
  /** What becomes of each message on its way to the server. */
  readonly fateOf?: (message: ClientMessage) => Fate;
  /** The Secrets Manager that the function asks, if not the well-behaved one. */
  readonly client?: SecretsManagerClient;
}

/** Two roles that take turns, or one that will, and a rotation of their secret that has begun. */
export async function newPairRotation(server: PostgresServer, protocol: Protocol, options: PairOptions = {}) {
  const { first = newName(), tags = {}, fateOf = () => 'pass', client = protocol.client } = options;
  const clone = `${first}_clone`;
  const username = options.current === 'clone' ? clone : first;
  const [firstRole, cloneRole] = [pg.escapeIdentifier(first), pg.escapeIdentifier(clone)];
  const password = pg.escapeLiteral(FIRST_PASSWORD);
  onTestFinished(() => dropRoles(server, clone, first));
  await server.query(`CREATE ROLE ${firstRole} LOGIN PASSWORD ${password}`, SUPERUSER);
  if (username === clone) {
    // As the AWS-provided template makes it.
    await server.query(`CREATE ROLE ${cloneRole} LOGIN PASSWORD ${password}`, SUPERUSER);
    await server.query(`GRANT ${firstRole} TO ${cloneRole}`, SUPERUSER);
  }

  const statements: string[] = [];
  const proxy = await startPostgresProxy(server, (message) => {
    if (message.kind === 'query') statements.push(message.text);
    return fateOf(message);
  });
  onTestFinished(() => proxy.close());

  const place = { engine: 'postgres', host: proxy.host, port: proxy.port, ssl: false };
  const superuserArn = protocol.createSecret(JSON.stringify({ ...place, ...SUPERUSER, ...options.superuserFields }));
  const value = (changes: Fields = {}) =>
    JSON.stringify({
      ...place,
      username,
      password: FIRST_PASSWORD,
      masterarn: superuserArn,
      ...options.fields,
      ...changes,
    });
  const arn = protocol.createSecret(
    value(),
    Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  );
  const handler = rotationHandler(alternatingUsers(postgresAlternating), client);
  const textIn = (stageOrId: string): string => protocol.valueOf(arn, stageOrId) ?? '';
  const loginIn = (stageOrId: string): { username: string; password: string } => {
    const login = JSON.parse(textIn(stageOrId));
    return { username: login.username, password: login.password };
  };

  const rotation = {
    arn,
    superuserArn,
    token: protocol.beginRotation(arn),
    first,
    clone,
    proxy,
    /** The queries that clients have sent so far. */
    statements,
    value,
    textIn,
    loginIn,

    /** Begins another rotation. */
    restart() {
      rotation.token = protocol.beginRotation(arn);
    },

    async put(secretArn: string, text: string) {
      await protocol.client.send(new PutSecretValueCommand({ SecretId: secretArn, SecretString: text }));
    },

    step: (step: Step, timeMs?: number) => invokeStep(handler, step, arn, rotation.token, timeMs),

    /** What a step fails with; that no password stands in it is a matter of course. */
    async failure(step: Step, timeMs?: number): Promise<Error> {
      const error = await failureOf(rotation.step(step, timeMs));
      expectNoPassword(
        error,
        [arn, superuserArn].flatMap((id) => protocol.secretTexts(id)),
      );
      return error;
    },

    async finish(): Promise<void> {
      for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const)
        await rotation.step(step);
    },

    /** Stores a candidate by hand, as an earlier try may have left it. */
    stage(changes: Fields) {
      protocol.stage(arn, rotation.token, value(changes));
    },

    /** Whether the server itself, not the proxy, takes this login. */
    logsIn: (stageOrId: string) => logsIn(server, loginIn(stageOrId)),

    /** Whether anybody has tried to log in through the proxy as this role. */
    sawLoginOf: (name: string) => proxy.sent().includes(`user\0${name}\0`),
  };
  return rotation;
}

export function newName(): string {
  return `app_${randomBytes(4).toString('hex')}`;
}

/** All that the server knows of its roles, verifiers included: equal before and after means that nothing was changed. */
export async function rolesOf(server: PostgresServer): Promise<unknown> {
  const [row] = await server.query(`SELECT
    (SELECT json_agg(a ORDER BY oid) FROM pg_authid a) AS roles,
    (SELECT json_agg(m ORDER BY roleid, member, grantor) FROM pg_auth_members m) AS memberships,
    (SELECT json_agg(s ORDER BY setdatabase, setrole) FROM pg_db_role_setting s) AS settings`);
  return row;
}

/** Drops these roles, with all that they own in the database `postgres`. */
export async function dropRoles(server: PostgresServer, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const [known] = await server.query(`SELECT FROM pg_roles WHERE rolname = ${pg.escapeLiteral(name)}`);
    if (!known) continue;
    const role = pg.escapeIdentifier(name);
    await server.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
  }
}
