import { randomBytes } from 'node:crypto';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { onTestFinished } from 'vitest';
import { logsIn } from '../../local/databases/database-server.ts';
import type { MysqlServer } from '../../local/databases/mysql-server.ts';
import { mysqlOverlapping } from '../../shared/engines/mysql-overlapping.ts';
import type { OverlappingEngine } from '../../shared/engines/overlapping-engine.ts';
import type { Step } from '../../shared/rotation/event.ts';
import { rotationHandler } from '../../shared/rotation/handler.ts';
import { overlappingUser } from '../../shared/strategies/overlapping-user.ts';
import { invokeStep, type Protocol } from './protocol.ts';

export const OVERLAP = { 'rotation:overlap': 'true' };

export interface OverlapOptions {
  readonly tags?: Readonly<Record<string, string>>;
  /** Hosts of the user's accounts. */
  readonly hosts?: readonly string[];
  /** What follows `CREATE USER`; the password is `first-password`. */
  readonly identified?: string;
  /** Fields of the secret, and of its superuser's, that differ from the usual ones; `undefined` leaves one out. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly superuserFields?: Readonly<Record<string, unknown>>;
  readonly engine?: OverlappingEngine;
}

/** A user of a MariaDB server, and the secret of it that names a superuser. */
export async function newOverlappingRotation(server: MysqlServer, protocol: Protocol, options: OverlapOptions = {}) {
  const { tags = OVERLAP, hosts = ['%'], identified = "IDENTIFIED BY 'first-password'" } = options;
  const username = `app_${randomBytes(4).toString('hex')}`;
  for (const host of hosts) {
    await server.query(`CREATE USER ${username}@'${host}' ${identified}`);
    onTestFinished(async () => void (await server.query(`DROP USER IF EXISTS ${username}@'${host}'`)));
  }
  const logins: string[] = [];
  const engine = counting(options.engine ?? mysqlOverlapping, logins);
  const place = { engine: 'mariadb', host: server.host, port: server.port, ssl: false };
  const { username: name, password } = server.superuser;
  const superuserArn = protocol.createSecret(
    JSON.stringify({ ...place, username: name, password, ...options.superuserFields }),
  );
  const value = (changes: Readonly<Record<string, unknown>> = {}) =>
    JSON.stringify({
      ...place,
      username,
      password: 'first-password',
      masterarn: superuserArn,
      ...options.fields,
      ...changes,
    });
  const arn = protocol.createSecret(
    value(),
    Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  );
  const handler = rotationHandler(overlappingUser(engine), protocol.client);

  const rotation = {
    arn,
    token: protocol.beginRotation(arn),
    username,
    /** Who tried to log in, and whether the server let them. */
    logins,
    value,
    step: (step: Step) => invokeStep(handler, step, arn, rotation.token),
    async finish() {
      for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const)
        await rotation.step(step);
    },
    restart() {
      rotation.token = protocol.beginRotation(arn);
    },
    async rotate() {
      rotation.restart();
      await rotation.finish();
    },
    async putCurrent(text: string) {
      await protocol.client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: text }));
    },
    passwordIn: (stage: string): string => JSON.parse(protocol.valueOf(arn, stage) ?? '{}').password,
    logsIn: (text: string) => logsIn(server, { username, password: text }),
    async account(host = '%') {
      const [row = {}] = await server.query(`SHOW CREATE USER ${username}@'${host}'`);
      return String(Object.values(row)[0]);
    },
  };
  return rotation;
}

function counting(engine: OverlappingEngine, logins: string[]): OverlappingEngine {
  return {
    ...engine,
    async connect(login, limit) {
      try {
        const session = await engine.connect(login, limit);
        logins.push(`${login.username} accepted`);
        return session;
      } catch (error) {
        logins.push(`${login.username} refused`);
        throw error;
      }
    },
  };
}
