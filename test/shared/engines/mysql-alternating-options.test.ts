import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MysqlServer, startMysql } from '../../../local/databases/mysql-server.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { newMysqlPair, OWN } from '../../support/mysql-pair.ts';
import { type Protocol, startProtocol } from '../../support/protocol.ts';
import { describeWithMysql, MARIADB } from '../../support/with-mysql.ts';

outputOfEachTest();

describeWithMysql('what a first user is besides its name', (kind) => {
  let server: MysqlServer;
  let protocol: Protocol;
  beforeAll(async () => {
    [server, protocol] = await Promise.all([startMysql(kind), startProtocol()]);
    await server.query('CREATE DATABASE IF NOT EXISTS vault');
  });
  afterAll(() => Promise.all([server.stop(), protocol.close()]));

  const pairOf = (...statements: readonly string[]) => newMysqlPair(server, protocol, statements);

  /** As the server tells it, without what is an account's own. */
  async function told(user: string): Promise<string> {
    // MySQL 9.7 prints what was before `PASSWORD EXPIRE DEFAULT` and limits of 0, until it reads its tables again.
    await server.query('FLUSH PRIVILEGES');
    const rows = [
      ...(await server.query(`SHOW CREATE USER ${user}@'%'`)),
      ...(await server.query(`SHOW GRANTS FOR ${user}@'%'`)),
    ];
    return rows
      .map((row) => String(Object.values(row)[0]))
      .join('\n')
      .replaceAll(user, 'USER')
      .replaceAll(/ IDENTIFIED (?:BY PASSWORD|(?:WITH|VIA) '?\w+'? (?:AS|USING)) '.{41,90}?'(?=\s|$)/gs, '')
      .replaceAll(/ ATTRIBUTE '.*?'$/gm, '');
  }

  async function expectTwins({ first, clone }: { first: string; clone: string }): Promise<void> {
    expect(await told(clone)).toBe(await told(first));
  }

  const OPTIONS: readonly (readonly [string, string])[] = [
    ['limits', 'WITH MAX_QUERIES_PER_HOUR 1000 MAX_USER_CONNECTIONS 7'],
    ['a password that expires', 'PASSWORD EXPIRE INTERVAL 90 DAY'],
    ['a password that never expires', 'PASSWORD EXPIRE NEVER'],
    ...(kind === 'mysql'
      ? ([
          ['an end to failed logins', 'FAILED_LOGIN_ATTEMPTS 4 PASSWORD_LOCK_TIME 2'],
          ['an end to failed logins for good', 'FAILED_LOGIN_ATTEMPTS 4 PASSWORD_LOCK_TIME UNBOUNDED'],
          ['a history of passwords', 'PASSWORD HISTORY 5 PASSWORD REUSE INTERVAL 365 DAY'],
          ['a password that is asked for before it is changed', 'PASSWORD REQUIRE CURRENT'],
          [
            'all of these',
            'WITH MAX_USER_CONNECTIONS 7 PASSWORD EXPIRE INTERVAL 9 DAY PASSWORD HISTORY 5 PASSWORD REQUIRE CURRENT OPTIONAL FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME 1',
          ],
        ] as const)
      : ([['a time for statements', 'WITH MAX_STATEMENT_TIME 2.5']] as const)),
  ];

  it.each(OPTIONS)('goes to the clone: %s, and goes from it again', async (_, options) => {
    const pair = await pairOf(`CREATE USER FIRST@'%' IDENTIFIED BY '${OWN}' ${options}`);
    await pair.finish();
    await expectTwins(pair);
    for (const _ of ['back', 'and forth']) {
      await pair.rotate();
      await expectTwins(pair);
    }
    const none = 'REQUIRE NONE WITH MAX_QUERIES_PER_HOUR 0 MAX_USER_CONNECTIONS 0';
    const time = kind === 'mysql' ? '' : ' MAX_STATEMENT_TIME 0';
    await pair.run(`ALTER USER FIRST@'%' ${none}${time} PASSWORD EXPIRE DEFAULT`);
    if (kind === 'mysql') {
      const rules = 'PASSWORD HISTORY DEFAULT PASSWORD REUSE INTERVAL DEFAULT PASSWORD REQUIRE CURRENT DEFAULT';
      await pair.run(`ALTER USER FIRST@'%' ${rules} FAILED_LOGIN_ATTEMPTS 0 PASSWORD_LOCK_TIME 0`);
    }
    await pair.rotate();
    await expectTwins(pair);
    expect([await pair.logsIn('AWSCURRENT'), await pair.logsIn('AWSPREVIOUS')]).toEqual([true, true]);
  });

  it("is looked for in a certificate whose subject's name has an apostrophe", async () => {
    // An account for another host: nothing here logs in with a certificate.
    const subject = "REQUIRE SUBJECT '/CN=O\\'Brien' AND ISSUER '/CN=a \\\\ WITH MAX_USER_CONNECTIONS 3'";
    const pair = await pairOf(
      `CREATE USER FIRST@'%' IDENTIFIED BY '${OWN}'`,
      `CREATE USER FIRST@'10.%' IDENTIFIED BY '${OWN}' ${subject}`,
    );
    await pair.finish();
    await pair.rotate();
    const rows = await server.query(
      `SELECT User, x509_subject AS subject, x509_issuer AS issuer, max_user_connections AS most
       FROM mysql.user WHERE User LIKE '${pair.first}%' AND Host = '10.%'`,
    );
    expect(rows.map(({ subject, issuer, most }) => [String(subject), String(issuer), Number(most)])).toEqual([
      ["/CN=O'Brien", '/CN=a \\ WITH MAX_USER_CONNECTIONS 3', 0],
      ["/CN=O'Brien", '/CN=a \\ WITH MAX_USER_CONNECTIONS 3', 0],
    ]);
  });

  it.runIf(kind === 'mysql')('is passed on only so far as the first user may pass it on', async () => {
    const pair = await pairOf(
      `CREATE USER FIRST@'%' IDENTIFIED BY '${OWN}'`,
      "GRANT SELECT, RELOAD ON *.* TO FIRST@'%' WITH GRANT OPTION",
      "GRANT BACKUP_ADMIN, XA_RECOVER_ADMIN ON *.* TO FIRST@'%'",
      "GRANT AUDIT_ADMIN ON *.* TO FIRST@'%' WITH GRANT OPTION",
    );
    await pair.finish();
    await expectTwins(pair);
    // As earlier versions of the function left it.
    await pair.run("GRANT BACKUP_ADMIN ON *.* TO CLONE@'%' WITH GRANT OPTION");
    await pair.rotate();
    await expectTwins(pair);
  });

  it.runIf(kind === 'mysql')('is refused where it is more than one factor, and nothing is changed', async () => {
    await server.query("INSTALL PLUGIN auth_socket SONAME 'auth_socket.so'");
    const pair = await pairOf(
      `CREATE USER FIRST@'%' IDENTIFIED BY '${OWN}'`,
      `CREATE USER FIRST@'10.%' IDENTIFIED BY '${OWN}' AND IDENTIFIED WITH auth_socket`,
    );
    const { error, before, after } = await pair.refusal();
    expect(error).toMatchObject({ name: 'AlternateRefused', message: expect.stringContaining('more than one factor') });
    expect(after).toEqual(before);
    await pair.run(`${/ALTER USER \S+ DROP 2 FACTOR/.exec(error.message)}`);
    await pair.finish();
  });

  it.runIf(kind === 'mysql').each(['first', 'clone'])(
    'lets the %s be let in again although its password was used before',
    async (letIn) => {
      const pair = await pairOf(`CREATE USER FIRST@'%' IDENTIFIED BY '${OWN}' PASSWORD HISTORY 5`);
      if (letIn === 'first') await pair.finish();
      pair.restart();
      for (const step of ['createSecret', 'setSecret', 'setSecret', 'testSecret'] as const) await pair.step(step);
    },
  );

  it.runIf(kind === 'mysql')('ends a second password of the user that is let in', async () => {
    const pair = await pairOf(`CREATE USER FIRST@'%' IDENTIFIED BY '${OWN}'`);
    await pair.finish();
    await pair.run("ALTER USER FIRST@'%' IDENTIFIED BY 'Another-1' RETAIN CURRENT PASSWORD");
    expect([await pair.opens('FIRST', OWN), await pair.opens('FIRST', 'Another-1')]).toEqual([true, true]);
    await pair.rotate();
    expect([await pair.opens('FIRST', OWN), await pair.opens('FIRST', 'Another-1')]).toEqual([false, false]);
    expect(await pair.logsIn('AWSCURRENT')).toBe(true);
  });
});

describeWithMysql(
  'a first user that has further ways to log in',
  (kind) => {
    let server: MysqlServer;
    let protocol: Protocol;
    beforeAll(async () => {
      [server, protocol] = await Promise.all([startMysql(kind, { plugins: ['auth_ed25519'] }), startProtocol()]);
    });
    afterAll(() => Promise.all([server.stop(), protocol.close()]));

    describe.each([
      ['before its password', `unix_socket OR mysql_native_password USING PASSWORD('${OWN}')`],
      ['after it', `mysql_native_password USING PASSWORD('${OWN}') OR unix_socket`],
      ['with a name of its own', `ed25519 USING PASSWORD('${OWN}') OR unix_socket USING 'o''brien'`],
    ])('%s', (_, methods) => {
      it('keeps them, and the clone has a password alone', async () => {
        const pair = await newMysqlPair(server, protocol, [`CREATE USER FIRST@'%' IDENTIFIED VIA ${methods}`]);
        const method = async (user: string) => {
          const [row = {}] = await server.query(`SHOW CREATE USER ${user}@'%'`);
          return String(Object.values(row)[0])
            .replace(/ USING '[*\w+/]{41,43}'/, ' USING PASSWORD')
            .replace(/^.* IDENTIFIED (?:VIA )?/, '');
        };
        const before = await method(pair.first);
        await pair.finish();
        expect(await method(pair.clone)).not.toContain('unix_socket');
        await pair.rotate();
        expect(await method(pair.first)).toBe(before);
        expect(await pair.opens('FIRST', OWN)).toBe(false);
        expect([await pair.logsIn('AWSCURRENT'), await pair.logsIn('AWSPREVIOUS')]).toEqual([true, true]);
      });
    });

    it('which are passwords loses those that are not the new one', async () => {
      const two = `mysql_native_password USING PASSWORD('${OWN}') OR ed25519 USING PASSWORD('Another-1')`;
      const pair = await newMysqlPair(server, protocol, [`CREATE USER FIRST@'%' IDENTIFIED VIA ${two}`]);
      await pair.finish();
      await pair.rotate();
      expect([await pair.opens('FIRST', OWN), await pair.opens('FIRST', 'Another-1')]).toEqual([false, false]);
      expect(await pair.logsIn('AWSCURRENT')).toBe(true);
    });
  },
  { only: MARIADB, plugins: ['auth_ed25519'] },
);
