import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { mysql } from '../../../shared/engines/mysql.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { engineSuite } from '../../conformance/engine.ts';
import { failureOf } from '../../support/failure.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { describeWithMysql, MARIADB } from '../../support/with-mysql.ts';
import { startTestServer, type TestServer } from './mysql-server.ts';

const ASKED_NOTHING: [string, string, string, RegExp] = [
  'that is asked for no password',
  'IDENTIFIED VIA unix_socket',
  'DatabaseRefused',
  /1698/,
];

describeWithMysql('the engine', (kind) => engineSuite(mysql, () => startTestServer(kind)));

describeWithMysql('an account', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer(kind, kind === 'mysql' ? {} : { settings: { unix_socket: 'on' } });
  });
  afterAll(() => server.stop());

  /** Sets it for new sessions of everybody, until the test ends. */
  async function setGlobal(name: string, value: string, restored: string): Promise<void> {
    await server.query(`SET GLOBAL ${name} = ${value}`);
    // The setting may keep even this session from writing; it does not keep it from being set.
    onTestFinished(async () => {
      await server.query(`SET GLOBAL ${name} = ${restored}`);
    });
  }

  async function newAccount(identified: string, name = 'app'): Promise<void> {
    await server.query(`CREATE USER ${name}@'%' ${identified}`);
    onTestFinished(() => server.dropUser(name));
  }

  const connect = (username: string, password: string) => mysql.connect(server.login(username, password), timeLimit());

  /** Logs in, changes the password, and logs in with the new one. */
  async function change(from: string, to: string, username = 'app'): Promise<void> {
    const session = await connect(username, from);
    onTestFinished(() => session.close());
    await session.changeOwnPassword(new Sensitive(to));
    await (await connect(username, to)).close();
  }

  const strange = `new ' " \\ \\' \` %_ ; -- é€🔑`;

  it.each([
    ['of its own', "SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES', sql_quote_show_create = 0"],
    ['without commits', 'SET autocommit = 0'],
    ['in another encoding', 'SET NAMES gbk'],
    ['that only reads', 'SET SESSION TRANSACTION READ ONLY'],
    ['with a short time for idling', 'SET wait_timeout = 1'],
  ])('changes its own password in a session %s, as init_connect makes it', async (_, statement) => {
    await newAccount("IDENTIFIED BY 'old password'");
    await setGlobal('init_connect', `"${statement}"`, "''");
    await change('old password', strange);
    expect(await failureOf(connect('app', 'old password'))).toMatchObject({ name: 'LoginRefused' });
  });

  it('changes its own password where all transactions are read-only by default', async () => {
    await newAccount("IDENTIFIED BY 'old password'");
    const setting = kind === 'mysql' ? 'transaction_read_only' : 'tx_read_only';
    await server.query(`SET GLOBAL ${setting} = ON`);
    try {
      await change('old password', strange);
    } finally {
      await server.query(`SET GLOBAL ${setting} = OFF`);
    }
  });

  it('keeps its limits, its TLS, its default role and its grants', async () => {
    await server.query('CREATE ROLE readers');
    await server.query(
      "CREATE USER app@'%' IDENTIFIED BY 'old password' WITH MAX_USER_CONNECTIONS 2 PASSWORD EXPIRE NEVER",
    );
    await server.query('GRANT readers TO app');
    await server.query(kind === 'mysql' ? 'SET DEFAULT ROLE readers TO app' : 'SET DEFAULT ROLE readers FOR app');
    onTestFinished(async () => {
      await server.dropUser('app');
      await server.query('DROP ROLE readers');
    });
    const withoutHash = (text: string) => text.replace(/(?:PASSWORD|AS) '(?:[^'\\]|\\.|'')*'/s, 'HASH');
    const grants = async () => {
      const rows = await server.query("SHOW GRANTS FOR app@'%'");
      return rows.map((row) => withoutHash(String(Object.values(row)[0])));
    };
    const before = [withoutHash(await server.account('app')), await grants()];
    await change('old password', 'new password');
    expect([withoutHash(await server.account('app')), await grants()]).toEqual(before);
  });

  it.each<readonly [string, string]>([
    ['whose password has expired', "IDENTIFIED BY 'old password' PASSWORD EXPIRE"],
    ['that may open one connection at a time', "IDENTIFIED BY 'old password' WITH MAX_USER_CONNECTIONS 1"],
    ...(kind === 'mysql'
      ? []
      : [
          [
            'whose first way in is the operating system',
            "IDENTIFIED VIA unix_socket OR mysql_native_password USING PASSWORD('old password')",
          ] as const,
        ]),
  ])('%s changes its own password', async (_, identified) => {
    await newAccount(identified);
    const session = await connect('app', 'old password');
    await session.changeOwnPassword(new Sensitive('new password'));
    await session.close();
    // The server notices the farewell in its own time, and may count the connection until then.
    const again = await vi.waitFor(() => connect('app', 'new password'), { timeout: 5_000 });
    await again.close();
  });

  it('whose name has other accounts changes only the one that it is', async () => {
    await newAccount("IDENTIFIED BY 'old password'");
    await server.query("CREATE USER app@'127.0.0.1' IDENTIFIED BY 'old password'");
    onTestFinished(async () => {
      await server.query("DROP USER app@'127.0.0.1'");
    });
    const before = await server.account('app');
    await change('old password', 'new password');
    expect(await server.account('app')).toBe(before);
  });

  it.runIf(kind !== 'mysql')('with several passwords is told so, and nothing is changed', async () => {
    await newAccount(
      "IDENTIFIED VIA mysql_native_password USING PASSWORD('old password') OR mysql_native_password USING PASSWORD('other')",
    );
    const before = await server.account('app');
    const error = await failureOf(change('old password', 'new password'));
    expect(error.name).toBe('PasswordChangeForbidden');
    expect(error.message).toMatch(/several passwords of app/);
    expect(await server.account('app')).toBe(before);
  });

  it.each<[string, string, string, RegExp]>([
    ['that is locked', "IDENTIFIED BY 'old password' ACCOUNT LOCK", 'DatabaseRefused', /ACCOUNT UNLOCK/],
    ...(kind === 'mysql' ? [] : [ASKED_NOTHING]),
  ])('%s is refused, but not for its password', async (_, identified, name, message) => {
    await newAccount(identified);
    const error = await failureOf(connect('app', 'old password'));
    expect(error.name).toBe(name);
    expect(error.message).toMatch(message);
  });

  it('that requires TLS, and a secret that says "ssl": false: the error says that this may be why', async () => {
    await newAccount("IDENTIFIED BY 'old password' REQUIRE SSL");
    const error = await failureOf(connect('app', 'old password'));
    expect(error.message).toMatch(/requires TLS.*remove "ssl": false/);
  });

  it.each([
    ['a database that does not exist', 'nowhere', 'GRANT ALL ON *.* TO app', /1049.*dbname/],
    ['a database that it may not enter', 'mysql', 'GRANT USAGE ON *.* TO app', /1044.*GRANT … ON `mysql`/],
  ])('and %s: DatabaseRefused', async (_, database, grant, message) => {
    await newAccount("IDENTIFIED BY 'old password'");
    await server.query(grant);
    const error = await failureOf(mysql.connect({ ...server.login('app', 'old password'), database }, timeLimit()));
    expect(error.name).toBe('DatabaseRefused');
    expect(error.message).toMatch(message);
  });

  it('whose password has expired may ask nothing else: the error says so', async () => {
    await newAccount("IDENTIFIED BY 'old password' PASSWORD EXPIRE");
    const session = await connect('app', 'old password');
    onTestFinished(() => session.close());
    const error = await failureOf(session.probe());
    expect(error.name).toBe('DatabaseRefused');
    expect(error.message).toMatch(/1820.*expired/);
  });

  it('and an init_connect that fails: DatabaseRefused, which names it', async () => {
    await newAccount("IDENTIFIED BY 'old password'");
    await setGlobal('init_connect', '"SELECT * FROM nowhere.nothing"', "''");
    const session = await connect('app', 'old password');
    onTestFinished(() => session.close());
    expect(await failureOf(session.probe())).toMatchObject({
      name: 'DatabaseRefused',
      message: expect.stringMatching(/1184.*init_connect/),
    });
  });

  it('that is dropped during the session: DatabaseRefused', async () => {
    await server.query("CREATE USER app@'%' IDENTIFIED BY 'old password'");
    const session = await connect('app', 'old password');
    onTestFinished(() => session.close());
    await server.dropUser('app');
    const error = await failureOf(session.changeOwnPassword(new Sensitive('new password')));
    expect(error.name).toBe('DatabaseRefused');
  });

  it('at a server that only reads: Unreachable, which names the writer', async () => {
    await newAccount("IDENTIFIED BY 'old password'");
    await setGlobal('read_only', 'ON', 'OFF');
    const error = await failureOf(change('old password', 'new password'));
    expect(error.name).toBe('Unreachable');
    expect(error.message).toMatch(/1290.*writer/);
    await (await connect('app', 'old password')).close();
  });

  it('at a server that is full: Unreachable', async () => {
    await newAccount("IDENTIFIED BY 'old password'");
    await setGlobal('max_connections', '10', '151');
    const open = await Promise.allSettled(Array.from({ length: 12 }, () => connect('app', 'old password')));
    onTestFinished(async () => {
      await Promise.all(open.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)));
    });
    const error = await failureOf(connect('app', 'old password'));
    expect(error.name).toBe('Unreachable');
    expect(error.message).toMatch(/1040.*connection limit/);
  });

  it('whose connection is killed: Unreachable', async () => {
    await newAccount("IDENTIFIED BY 'old password'");
    const session = await connect('app', 'old password');
    onTestFinished(() => session.close());
    // MariaDB's KILL USER is not MySQL's.
    const [row] = await server.query("SELECT id FROM information_schema.processlist WHERE user = 'app'");
    await server.query(`KILL ${row?.['id']}`);
    expect(await failureOf(session.probe())).toMatchObject({ name: 'Unreachable' });
  });
});

describeWithMysql(
  'a server with plugins',
  (kind) => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startTestServer(kind, {
        plugins: ['auth_ed25519', 'simple_password_check', 'password_reuse_check'],
      });
      for (const plugin of ['simple_password_check', 'password_reuse_check']) await unload(plugin);
    });
    afterAll(() => server.stop());

    const unload = (plugin: string) => server.query(`UNINSTALL SONAME '${plugin}'`);
    async function load(plugin: string): Promise<void> {
      await server.query(`INSTALL SONAME '${plugin}'`);
      onTestFinished(async () => {
        await unload(plugin);
      });
    }
    const connect = (username: string, password: string) =>
      mysql.connect(server.login(username, password), timeLimit());

    it('an ed25519 account stays one, and what is stored is made here', async () => {
      await server.query("CREATE USER app@'%' IDENTIFIED VIA ed25519 USING PASSWORD('old password')");
      onTestFinished(() => server.dropUser('app'));
      const session = await connect('app', 'old password');
      await session.changeOwnPassword(new Sensitive(`new ' \\ é🔑`));
      await session.close();
      expect(await server.account('app')).toContain('IDENTIFIED VIA ed25519');
      await (await connect('app', `new ' \\ é🔑`)).close();
      expect(await failureOf(connect('app', 'old password'))).toMatchObject({ name: 'LoginRefused' });
    });

    describe('and a rule for passwords', () => {
      it.each(['IDENTIFIED BY', 'IDENTIFIED VIA ed25519 USING PASSWORD'])(
        'takes one that keeps it (%s), and refuses another with CandidateRefused, leaving the old one',
        async (identified) => {
          const [open, close] = identified.endsWith('PASSWORD') ? ['(', ')'] : ['', ''];
          await server.query(`CREATE USER app@'%' ${identified} ${open}'old password'${close}`);
          onTestFinished(() => server.dropUser('app'));
          await load('simple_password_check');
          const first = await connect('app', 'old password');
          await first.changeOwnPassword(new Sensitive('Kept-the-rule-1'));
          await first.close();
          const second = await connect('app', 'Kept-the-rule-1');
          const error = await failureOf(second.changeOwnPassword(new Sensitive('weak')));
          await second.close();
          expect(error.name).toBe('CandidateRefused');
          expect(error.message).toMatch(/1819.*rotation:length/);
          expect(error.message).not.toContain('weak');
          await (await connect('app', 'Kept-the-rule-1')).close();
        },
      );

      it('against using one again does not refuse the one that another copy of the step has set', async () => {
        await load('password_reuse_check');
        await server.query("CREATE USER app@'%' IDENTIFIED BY 'old password'");
        onTestFinished(() => server.dropUser('app'));
        const [one, other] = [await connect('app', 'old password'), await connect('app', 'old password')];
        await one.changeOwnPassword(new Sensitive('new password'));
        await other.changeOwnPassword(new Sensitive('new password'));
        for (const session of [one, other]) await session.close();
        const third = await connect('app', 'new password');
        onTestFinished(() => third.close());
        expect(await failureOf(third.changeOwnPassword(new Sensitive('old password')))).toMatchObject({
          name: 'CandidateRefused',
        });
      });
    });
  },
  { only: MARIADB, plugins: ['auth_ed25519', 'simple_password_check', 'password_reuse_check'] },
);
