import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { logsIn } from '../../local/databases/database-server.ts';
import type { PostgresServer } from '../../local/databases/postgres-server.ts';
import { postgres } from '../../shared/engines/postgres.ts';
import type { Step } from '../../shared/rotation/event.ts';
import { rotationHandler } from '../../shared/rotation/handler.ts';
import { singleUser } from '../../shared/strategies/single-user.ts';
import { failureOf } from './failure.ts';
import { expectNoPassword } from './forms.ts';
import { type ClientMessage, type Fate, startPostgresProxy } from './postgres-proxy.ts';
import { invokeStep, type Protocol } from './protocol.ts';

export const FIRST_PASSWORD = 'the-first-password';

export interface RoleOptions {
  readonly username?: string;
  readonly password?: string;
  /** Fields of the secret that differ from the usual ones, by the server's port; `undefined` leaves one out. */
  readonly fields?: (port: number) => Readonly<Record<string, unknown>>;
  /** What becomes of each message on its way to the server. */
  readonly fateOf?: (message: ClientMessage) => Fate;
}

/** A role, and a rotation of its secret that has begun: what the service has done before it calls createSecret. */
export async function newRoleRotation(server: PostgresServer, protocol: Protocol, options: RoleOptions = {}) {
  const { username = 'app', password = FIRST_PASSWORD, fields = () => ({}), fateOf = () => 'pass' } = options;
  const role = pg.escapeIdentifier(username);
  await server.query(`CREATE ROLE ${role} LOGIN PASSWORD ${pg.escapeLiteral(password)}`);
  const drop = async () => {
    await server.query(`DROP ROLE IF EXISTS ${role}`);
  };
  onTestFinished(drop);
  const statements: string[] = [];
  const proxy = await startPostgresProxy(server, (message) => {
    if (message.kind === 'query') statements.push(message.text);
    return fateOf(message);
  });
  onTestFinished(() => proxy.close());

  const value = (changes: Readonly<Record<string, unknown>> = {}) =>
    JSON.stringify({
      engine: 'postgres',
      host: proxy.host,
      port: proxy.port,
      username,
      password,
      ssl: false,
      ...fields(proxy.port),
      ...changes,
    });
  const arn = protocol.createSecret(value());
  const handler = rotationHandler(singleUser(postgres), protocol.client);

  const textIn = (stageOrId: string): string => protocol.valueOf(arn, stageOrId) ?? '';
  const passwordIn = (stageOrId: string): string => JSON.parse(textIn(stageOrId)).password;

  const rotation = {
    arn,
    token: protocol.beginRotation(arn),
    proxy,
    /** The queries that clients have sent so far. */
    statements,
    /** The secret's text with these fields changed. */
    value,
    textIn,
    passwordIn,
    drop,

    /** Begins another rotation. */
    restart() {
      rotation.token = protocol.beginRotation(arn);
    },

    /** Writes a new current value, as an operator might. */
    async putCurrent(text: string) {
      await protocol.client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: text }));
    },

    step: (step: Step, timeMs?: number) => invokeStep(handler, step, arn, rotation.token, timeMs),

    /** What a step fails with; that no password stands in it is a matter of course. */
    async failure(step: Step, timeMs?: number): Promise<Error> {
      const error = await failureOf(rotation.step(step, timeMs));
      expectNoPassword(error, protocol.secretTexts(arn));
      return error;
    },

    async finish(): Promise<void> {
      for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const)
        await rotation.step(step);
    },

    /** Stores a candidate by hand, as an earlier try may have left it. */
    stage(changes: Readonly<Record<string, unknown>>) {
      protocol.stage(arn, rotation.token, value(changes));
    },

    /** Sets the role's password, as somebody else might have done. */
    async setRolePassword(text: string) {
      await server.query(`ALTER ROLE ${role} PASSWORD ${pg.escapeLiteral(text)}`);
    },

    /** Whether the server itself, not the proxy, takes this password. */
    logsIn: (text: string) => logsIn(server, { username, password: text }),
  };
  return rotation;
}
