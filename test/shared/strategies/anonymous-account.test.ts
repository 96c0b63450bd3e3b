import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { type MysqlServer, startMysql } from '../../../local/databases/mysql-server.ts';
import { mysqlOverlapping } from '../../../shared/engines/mysql-overlapping.ts';
import { rotationHandler } from '../../../shared/rotation/handler.ts';
import { overlappingUser } from '../../../shared/strategies/overlapping-user.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { failureOf } from '../../support/failure.ts';
import { invokeStep, type Protocol, startProtocol } from '../../support/protocol.ts';
import { describeWithMysql } from '../../support/with-mysql.ts';

outputOfEachTest();

describeWithMysql('an anonymous account', (kind) => {
  let server: MysqlServer;
  let protocol: Protocol;
  beforeAll(async () => {
    [server, protocol] = await Promise.all([startMysql(kind), startProtocol()]);
  });
  afterAll(() => Promise.all([server.stop(), protocol.close()]));

  it.each([
    ['keeps its password', {}],
    ['keeps its password, a superuser being at hand', { 'rotation:overlap': 'true' }],
  ])('that takes the login of a single user %s, and the error names it', async (_, tags) => {
    const username = `app_${randomBytes(4).toString('hex')}`;
    await server.query("CREATE USER ''@'%' IDENTIFIED BY 'Of-anybody-1'");
    await server.query(`CREATE USER ${username}@'10.%' IDENTIFIED BY 'Of-somebody-else-1'`);
    onTestFinished(async () => void (await server.query(`DROP USER ''@'%', ${username}@'10.%'`)));
    const { username: boss, password: bossPassword } = server.superuser;
    const place = { engine: 'mysql', host: server.host, port: server.port, ssl: false };
    const masterarn = protocol.createSecret(JSON.stringify({ ...place, username: boss, password: bossPassword }));
    const arn = protocol.createSecret(
      JSON.stringify({ ...place, username, password: 'Of-anybody-1', masterarn }),
      Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    );
    const handler = rotationHandler(overlappingUser(mysqlOverlapping), protocol.client);
    const token = protocol.beginRotation(arn);
    await invokeStep(handler, 'createSecret', arn, token);
    const stored = () =>
      server.query(`SELECT User, authentication_string FROM mysql.user WHERE User IN ('', '${username}') ORDER BY 1`);
    const before = await stored();
    const error = await failureOf(invokeStep(handler, 'setSecret', arn, token));
    expect(error.name).toBe('PasswordChangeForbidden');
    expect(error.message).toMatch(/anonymous|as the account @%/);
    expect(await stored()).toEqual(before);
  });
});
