import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { ServerLogin } from '../../../local/databases/database-server.ts';
import type { MysqlKind } from '../../../local/databases/mysql-kinds.ts';
import { type MysqlOptions, type MysqlServer, startMysql } from '../../../local/databases/mysql-server.ts';
import type { AlternatingSession } from '../../../shared/engines/alternating-engine.ts';
import { mysqlAlternating } from '../../../shared/engines/mysql-alternating.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { type AlternatingServer, alternatingEngineSuite } from '../../conformance/alternating-engine.ts';
import { engineSuite } from '../../conformance/engine.ts';
import { vouched } from '../../support/claims.ts';
import { failureOf } from '../../support/failure.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { describeWithMysql } from '../../support/with-mysql.ts';
import { identifier, startTestServer } from './mysql-server.ts';

const SUPERUSER = { username: 'boss', password: 'boss-secret' };
const NEW = new Sensitive("new 'password\\");
const PAIR = { first: 'app', clone: 'app_clone' };

/** A server with a superuser who may do what letting another user in takes, and with something to have a right to. */
async function startAlternatingServer(kind: MysqlKind, options?: MysqlOptions): Promise<AlternatingServer> {
  const server = await startTestServer(kind, options);
  await server.query('CREATE DATABASE IF NOT EXISTS right_of_app');
  await server.query('CREATE TABLE IF NOT EXISTS right_of_app.item (id int)');
  return {
    ...server,
    letsIn: server.superuser,
    giveRight: (name) => server.query(`GRANT SELECT ON right_of_app.* TO ${identifier(name)}@'%'`),
    useRight: (login) => server.query('SELECT id FROM right_of_app.item', login),
  };
}

describeWithMysql('the engine of alternating users', (kind) => {
  engineSuite(mysqlAlternating, () => startTestServer(kind));
  alternatingEngineSuite(mysqlAlternating, () => startAlternatingServer(kind));
});

describeWithMysql('a server that takes backslashes and double quotes for what standard SQL does', (kind) => {
  const settings = { 'sql-mode': `NO_BACKSLASH_ESCAPES,ANSI_QUOTES${kind === 'mysql' ? '' : ',ORACLE'}` };
  alternatingEngineSuite(mysqlAlternating, () => startAlternatingServer(kind, { settings }));
});

describeWithMysql('letting another user in', (kind) => {
  let server: MysqlServer;
  beforeAll(async () => {
    server = await startMysql(kind);
    await run("CREATE USER boss@'%' IDENTIFIED BY 'boss-secret'", "GRANT ALL ON *.* TO boss@'%' WITH GRANT OPTION");
    await run('CREATE DATABASE shop', 'CREATE TABLE shop.item (id int)');
  });
  afterAll(() => server.stop());

  const run = async (...statements: string[]) => {
    for (const statement of statements) await server.query(statement);
  };

  /** Accounts for one test. */
  const accounts = async (...statements: string[]) => {
    onTestFinished(async () => {
      const rows = await server.query(
        "SELECT concat(quote(User), '@', quote(Host)) AS name FROM mysql.user WHERE (User LIKE 'app%' OR User = '') AND Host <> ''",
      );
      for (const { name } of rows) await server.query(`DROP USER ${name}`);
    });
    await run(...statements);
  };

  async function as<T>(login: ServerLogin, work: (session: AlternatingSession) => Promise<T>): Promise<T> {
    const { host, port } = server;
    const place = { host, port, database: '', tls: 'off' as const };
    const password = new Sensitive(login.password);
    const session = await mysqlAlternating.connect({ ...place, username: login.username, password }, timeLimit());
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  }

  const letIn = (user = PAIR.clone, pair = PAIR, superuser = SUPERUSER) =>
    as(superuser, (session) => session.letIn(user, pair, NEW, vouched()));

  const told = async (account: string) =>
    (await server.query(`SHOW GRANTS FOR ${account}`)).map((row) =>
      String(Object.values(row)[0]).replace(/ IDENTIFIED BY PASSWORD '[^']*'/, ''),
    );

  it('gives the clone what the first user may, with its limits and its hosts, and unlocks it last', async () => {
    await accounts(
      "CREATE USER app@'%' IDENTIFIED BY 'old' WITH MAX_USER_CONNECTIONS 3",
      "CREATE USER app@'10.%' IDENTIFIED BY 'old'",
      "GRANT ALL ON shop.* TO app@'%' WITH GRANT OPTION",
      "GRANT SELECT ON shop.item TO app@'10.%'",
    );
    await letIn();
    for (const host of ['%', '10.%']) {
      const first = await told(`app@'${host}'`);
      expect(await told(`app_clone@'${host}'`)).toEqual(first.map((line) => line.replaceAll('`app`', '`app_clone`')));
    }
    await as({ username: 'app_clone', password: NEW.reveal() }, (session) => session.proveRights(PAIR));
    await server.query('SELECT id FROM shop.item', { username: 'app_clone', password: NEW.reveal() });
  });

  it('takes from the clone what the first user has lost, whichever of the two is let in, and never touches the first', async () => {
    await accounts(
      "CREATE USER app@'%' IDENTIFIED BY 'old'",
      "GRANT SELECT ON shop.* TO app@'%'",
      "CREATE USER app_clone@'%' IDENTIFIED BY 'its own'",
      "GRANT SELECT, DELETE ON shop.* TO app_clone@'%'",
    );
    const before = await told("app@'%'");
    await letIn('app');
    expect(await told("app@'%'")).toEqual(before);
    expect(await told("app_clone@'%'")).toEqual(before.map((line) => line.replaceAll('`app`', '`app_clone`')));
    await server.query('SELECT 1', { username: 'app', password: NEW.reveal() });
    await server.query('SELECT 1', { username: 'app_clone', password: 'its own' });
  });

  it.each([
    {
      case: 'no first user',
      first: [],
      clone: ["CREATE USER app_clone@'%' IDENTIFIED BY 'old'"],
      says: 'rotation:first-user',
    },
    {
      case: 'a clone with a privilege on everything',
      clone: ["CREATE USER app_clone@'%' IDENTIFIED BY 'old'", "GRANT RELOAD ON *.* TO app_clone@'%'"],
      says: 'may do more',
    },
    {
      case: 'a clone with a role of its own',
      clone: [
        "CREATE USER app_clone@'%' IDENTIFIED BY 'old'",
        'CREATE ROLE IF NOT EXISTS admin',
        "GRANT admin TO app_clone@'%'",
      ],
      says: 'may do more',
    },
    {
      case: 'a clone for a host of its own',
      clone: ["CREATE USER app_clone@'192.%' IDENTIFIED BY 'old'"],
      says: '192.%',
    },
  ])(
    'refuses $case, and changes nothing',
    async ({ first = ["CREATE USER app@'%' IDENTIFIED BY 'old'"], clone, says }) => {
      await accounts(...first, ...clone);
      const users = () => server.query("SELECT * FROM mysql.user WHERE User LIKE 'app%' ORDER BY User, Host");
      const before = await users();
      const error = await failureOf(letIn());
      expect(error.name).toBe('AlternateRefused');
      expect(error.message).toContain(says);
      expect(await users()).toEqual(before);
    },
  );

  it('says what a superuser lacks, and goes on once it has that', async () => {
    await accounts(
      "CREATE USER app@'%' IDENTIFIED BY 'old'",
      "GRANT SELECT ON shop.* TO app@'%'",
      "CREATE USER app_boss@'%' IDENTIFIED BY 'weak'",
      "GRANT SELECT ON mysql.* TO app_boss@'%'",
    );
    const weak = { username: 'app_boss', password: 'weak' };
    const error = await failureOf(letIn(PAIR.clone, PAIR, weak));
    expect(error.name).toBe('SuperuserRefused');
    expect(error.message).toContain('CREATE USER ON *.*');
    await run("GRANT CREATE USER ON *.* TO app_boss@'%'");
    expect((await failureOf(letIn(PAIR.clone, PAIR, weak))).name).toBe('SuperuserRefused');
    await run("GRANT SELECT ON shop.* TO app_boss@'%' WITH GRANT OPTION");
    await letIn(PAIR.clone, PAIR, weak);
    await server.query('SELECT id FROM shop.item', { username: 'app_clone', password: NEW.reveal() });
  });

  it('does not take a login as an anonymous account for one as the user', async () => {
    await accounts("CREATE USER ''@'%' IDENTIFIED BY 'anonymous'");
    const error = await failureOf(
      as({ username: 'app', password: 'anonymous' }, (session) => session.proveRights(PAIR)),
    );
    expect(error.name).toBe('AlternateRefused');
  });
});
