import { randomBytes } from 'node:crypto';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { logsIn } from '../databases/database-server.ts';
import type { MysqlServer } from '../databases/mysql-server.ts';
import { create, type Demonstration, newPassword, read, readLogin } from './demonstration.ts';

export function mariadbUser(client: SecretsManagerClient, mariadb: MysqlServer): Demonstration {
  const secretId = 'demo/mariadb-app';
  const { host, port } = mariadb;
  const username = `demo_app_${randomBytes(3).toString('hex')}`;
  const password = newPassword();
  const login = { engine: 'mariadb', host, port, username, password, ssl: false };
  return {
    secretId,
    about: `the password of MariaDB user ${username}`,
    function: 'mysql-single-user',
    async prepare() {
      await mariadb.query(`CREATE USER ${username}@'%' IDENTIFIED BY '${password}'`);
      await create(client, secretId, JSON.stringify(login));
    },
    async prove() {
      const current = JSON.parse(await read(client, secretId));
      const previous = JSON.parse(await read(client, secretId, 'AWSPREVIOUS'));
      return [
        {
          claim: `the new password logs in to ${host}:${port}`,
          holds: await logsIn(mariadb, current),
        },
        { claim: 'the old one is refused', holds: !(await logsIn(mariadb, previous)) },
      ];
    },
    async cleanUp() {
      await mariadb.query(`DROP USER IF EXISTS ${username}@'%'`);
    },
  };
}

export function mariadbPair(client: SecretsManagerClient, mariadb: MysqlServer): Demonstration {
  const secretId = 'demo/mariadb-pair';
  const { host, port } = mariadb;
  const first = `demo_pair_${randomBytes(3).toString('hex')}`;
  const superuser = { username: `${first}_boss`, password: newPassword() };
  const user = { username: first, password: newPassword() };
  const place = { engine: 'mariadb', host, port, ssl: false };
  return {
    secretId,
    about: `MariaDB users ${first} and ${first}_clone, which take turns`,
    function: 'mysql-alternating-users',
    async prepare() {
      for (const statement of [
        `CREATE DATABASE ${first}`,
        `CREATE TABLE ${first}.item (id int)`,
        `CREATE USER ${first}@'%' IDENTIFIED BY '${user.password}'`,
        `GRANT SELECT ON ${first}.* TO ${first}@'%'`,
        `CREATE USER ${superuser.username}@'%' IDENTIFIED BY '${superuser.password}'`,
        `GRANT CREATE USER ON *.* TO ${superuser.username}@'%'`,
        `GRANT SELECT ON mysql.* TO ${superuser.username}@'%'`,
        `GRANT SELECT ON ${first}.* TO ${superuser.username}@'%' WITH GRANT OPTION`,
      ]) {
        await mariadb.query(statement);
      }
      const masterarn = await create(client, 'demo/mariadb-superuser', JSON.stringify({ ...place, ...superuser }));
      await create(client, secretId, JSON.stringify({ ...place, ...user, masterarn }));
    },
    async prove() {
      const current = await readLogin(client, secretId);
      const previous = await readLogin(client, secretId, 'AWSPREVIOUS');
      return [
        {
          claim: `${current.username} logs in with AWSCURRENT and reads what ${first} may`,
          holds: await reads(current),
        },
        { claim: `${previous.username} still does with AWSPREVIOUS`, holds: await reads(previous) },
      ];
    },
    async cleanUp() {
      await mariadb.query(`DROP USER IF EXISTS ${first}@'%', ${first}_clone@'%', ${superuser.username}@'%'`);
      await mariadb.query(`DROP DATABASE IF EXISTS ${first}`);
    },
  };

  function reads(login: { username: string; password: string }): Promise<boolean> {
    return logsIn(mariadb, login, `SELECT id FROM ${first}.item`);
  }
}
