import { randomBytes } from 'node:crypto';
import { startMariadb } from '../local/databases/mysql-server.ts';
import { startPostgres } from '../local/databases/postgres-server.ts';
import { fakeDatadog } from '../local/issuers/datadog.ts';
import { startDedicatedUser, startStandIns } from '../local/issuers/stand-ins.ts';

/** The first value of a secret to replay events against, and what it needs to be true. */
export interface Seed {
  readonly secretString: string;
  /** Secrets that this one names, such as a superuser's: name and value, by the ARN of this one. */
  readonly otherSecrets?: (secretArn: string) => ReadonlyMap<string, string>;
  /** What the function has to find in its environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Ends what was started for it. */
  close(): Promise<void>;
}

/** One a function, by folder name. A function without one needs `--secret`. */
const seeds: Readonly<Record<string, () => Promise<Seed>>> = {
  'random-password': async () => ({
    secretString: JSON.stringify({ username: 'app', password: newPassword() }),
    close: async () => {},
  }),

  'shared-token': async () => ({
    secretString: JSON.stringify({ issuer: 'app', current: newPassword() }),
    close: async () => {},
  }),

  async 'postgres-single-user'() {
    const postgres = await startPostgres();
    const username = `replay_app_${randomBytes(3).toString('hex')}`;
    const password = newPassword();
    await postgres.query(`CREATE ROLE ${username} LOGIN PASSWORD '${password}'`);
    const { host, port } = postgres;
    return {
      secretString: JSON.stringify({ engine: 'postgres', host, port, username, password, ssl: false }),
      close: () => postgres.stop(),
    };
  },

  async 'postgres-alternating-users'() {
    const postgres = await startPostgres();
    const suffix = randomBytes(3).toString('hex');
    const user = { username: `replay_app_${suffix}`, password: newPassword() };
    const superuser = { username: `replay_superuser_${suffix}`, password: newPassword() };
    await postgres.query(
      `CREATE ROLE ${superuser.username} LOGIN CREATEROLE PASSWORD '${superuser.password}';
       CREATE ROLE ${user.username} LOGIN PASSWORD '${user.password}';
       GRANT ${user.username} TO ${superuser.username} WITH ADMIN OPTION`,
    );
    const { host, port } = postgres;
    const place = { engine: 'postgres', host, port, ssl: false };
    return {
      secretString: JSON.stringify({ ...place, ...user, masterarn: 'replay/superuser' }),
      otherSecrets: () => new Map([['replay/superuser', JSON.stringify({ ...place, ...superuser })]]),
      close: () => postgres.stop(),
    };
  },

  async 'mysql-single-user'() {
    const mariadb = await startMariadb();
    const username = `replay_app_${randomBytes(3).toString('hex')}`;
    const password = newPassword();
    await mariadb.query(`CREATE USER ${username}@'%' IDENTIFIED BY '${password}'`);
    const { host, port } = mariadb;
    return {
      secretString: JSON.stringify({ engine: 'mariadb', host, port, username, password, ssl: false }),
      close: () => mariadb.stop(),
    };
  },

  async 'mysql-alternating-users'() {
    const mariadb = await startMariadb();
    const suffix = randomBytes(3).toString('hex');
    const user = { username: `replay_app_${suffix}`, password: newPassword() };
    const superuser = { username: `replay_superuser_${suffix}`, password: newPassword() };
    for (const statement of [
      `CREATE USER ${user.username}@'%' IDENTIFIED BY '${user.password}'`,
      `CREATE USER ${superuser.username}@'%' IDENTIFIED BY '${superuser.password}'`,
      `GRANT CREATE USER ON *.* TO ${superuser.username}@'%'`,
      `GRANT SELECT ON mysql.* TO ${superuser.username}@'%'`,
    ]) {
      await mariadb.query(statement);
    }
    const { host, port } = mariadb;
    const place = { engine: 'mariadb', host, port, ssl: false };
    return {
      secretString: JSON.stringify({ ...place, ...user, masterarn: 'replay/superuser' }),
      otherSecrets: () => new Map([['replay/superuser', JSON.stringify({ ...place, ...superuser })]]),
      close: () => mariadb.stop(),
    };
  },

  async 'api-key'() {
    const issuer = fakeDatadog();
    const server = await startStandIns([issuer]);
    const { id: keyId, value: key } = issuer.keys.issue({ name: 'made by hand' });
    const { name: provider, administrator } = issuer;
    const baseUrl = server.baseUrlOf(issuer);
    const masterarn = 'replay/administrator';
    return {
      secretString: JSON.stringify({ provider, masterarn, keyId, key }),
      otherSecrets: (secretArn) =>
        new Map([[masterarn, JSON.stringify({ provider, baseUrl, ...administrator, serves: { [secretArn]: {} } })]]),
      environment: server.environment,
      close: () => server.close(),
    };
  },

  async 'iam-access-key'() {
    const { iam, userName, environment } = await startDedicatedUser('replay-app');
    const { id, secret } = iam.users.mint(userName);
    return {
      secretString: JSON.stringify({ UserName: userName, AccessKeyId: id, SecretAccessKey: secret }),
      environment,
      close: () => iam.close(),
    };
  },
};

export function seedFor(functionName: string): (() => Promise<Seed>) | undefined {
  return Object.hasOwn(seeds, functionName) ? seeds[functionName] : undefined;
}

function newPassword(): string {
  return randomBytes(18).toString('base64url');
}
