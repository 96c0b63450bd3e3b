import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MysqlServer, startMysql } from '../../../local/databases/mysql-server.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { Effects } from '../../support/effects.ts';
import { mysqlProxy } from '../../support/mysql-effects.ts';
import { newMysqlPair, OWN } from '../../support/mysql-pair.ts';
import { clientFor, type Protocol, startProtocol } from '../../support/protocol.ts';
import { secretsManagerProxy } from '../../support/secrets-manager-proxy.ts';
import { describeWithMysql } from '../../support/with-mysql.ts';

outputOfEachTest();

describeWithMysql('a rotation in the life of a pair', (kind) => {
  let server: MysqlServer;
  let protocol: Protocol;
  beforeAll(async () => {
    [server, protocol] = await Promise.all([startMysql(kind), startProtocol()]);
    await server.query('CREATE DATABASE IF NOT EXISTS vault');
  });
  afterAll(() => Promise.all([server.stop(), protocol.close()]));

  it('costs what the first one costs: 9 calls of Secrets Manager and 3 logins, none refused', async () => {
    const calls = new Effects(async () => {});
    const proxies = {
      database: await mysqlProxy(server, new Effects(async () => {})),
      service: await secretsManagerProxy(() => protocol.service.endpoint, calls),
    };
    const client = clientFor(`http://127.0.0.1:${proxies.service.port}`);
    try {
      const place = { host: '127.0.0.1', port: proxies.database.port };
      const statements = [`CREATE USER FIRST@'%' IDENTIFIED BY '${OWN}'`, "GRANT SELECT ON vault.* TO FIRST@'%'"];
      const pair = await newMysqlPair(server, { ...protocol, client }, statements, { place });
      for (let rotation = 1; rotation <= 4; rotation++) {
        calls.arm();
        const { accepted } = proxies.database.logins();
        if (rotation === 1) await pair.finish();
        else await pair.rotate();
        expect(calls.names, `rotation ${rotation}`).toHaveLength(9);
        expect(proxies.database.logins(), `rotation ${rotation}`).toEqual({ accepted: accepted + 3, refused: 0 });
      }
    } finally {
      client.destroy();
      for (const proxy of Object.values(proxies)) await proxy.close();
    }
  });
});
