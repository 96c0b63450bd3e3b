import fc from 'fast-check';
import { parse as parsePg } from 'pg-connection-string';
import { describe, expect, it } from 'vitest';
import { InvalidSecret } from '../../../shared/errors.ts';
import { followConnectionStrings, type Login } from '../../../shared/secrets/connection-string.ts';

const OLD = { username: 'app', password: 'old-Pw.1' };
const HARD = ` @:/?#[]%+&=;{}"'\\$,<>|^\`~*()! é€😀}}{{`;

const follow = (text: unknown, from: Login = OLD, to: Login = { username: 'app', password: HARD }) =>
  followConnectionStrings(new Map([['field', text]]), from, to).get('field');

const ENCODED =
  '%20%40%3A%2F%3F%23%5B%5D%25%2B%26%3D%3B%7B%7D%22%27%5C%24%2C%3C%3E%7C%5E%60~%2A%28%29%21%20%C3%A9%E2%82%AC%F0%9F%98%80%7D%7D%7B%7B';
const LIBPQ = `' @:/?#[]%+&=;{}"\\'\\\\$,<>|^\`~*()! é€😀}}{{'`;
const QUOTED = `" @:/?#[]%+&=;{}""'\\$,<>|^\`~*()! é€😀}}{{"`;
const BRACED = `{ @:/?#[]%+&=;{}}"'\\$,<>|^\`~*()! é€😀}}}}{{}`;

/** One text for each way of writing a connection string; the rest of the test varies what it says. */
const TEXTS: [string, (user: string, password: string) => string, encoded: string][] = [
  ['a URL', (u, p) => `postgres://${u}:${p}@h:5432/db?sslmode=require#x`, ENCODED],
  ['a URL of several hosts', (u, p) => `mongodb://${u}:${p}@h1:1,h2:2/db?replicaSet=r`, ENCODED],
  ['a URL with an SRV record', (u, p) => `mongodb+srv://${u}:${p}@cluster.example/?w=majority`, ENCODED],
  ['a URL without a path', (u, p) => `amqps://${u}:${p}@h`, ENCODED],
  ['a URL in space', (u, p) => ` mysql2://${u}:${p}@[::1]:3306/a@b \n`, ENCODED],
  ['a URL in capitals', (u, p) => `HTTPS://${u}:${p}@h/@:x`, ENCODED],
  ['a URL with its login in the query', (u, p) => `postgresql://h/db?user=${u}&a=b%20c&password=${p}#f`, ENCODED],
  [
    'a URL with half of its login in the query',
    (u, p) => `postgresql+psycopg://${u}@/db?host=/run&password=${p}`,
    ENCODED,
  ],
  ['a PostgreSQL JDBC URL', (u, p) => `jdbc:postgresql://h1,h2:5433/db?user=${u}&password=${p}&ssl=true`, ENCODED],
  ['a MySQL JDBC URL', (u, p) => `jdbc:mysql://h/db?useSSL=true&password=${p}&user=${u}`, ENCODED],
  ['a MySQL JDBC URL with userinfo', (u, p) => `jdbc:mysql:loadbalance://${u}:${p}@h1,h2/db?x=y`, ENCODED],
  ['a wrapped JDBC URL', (u, p) => `jdbc:aws-wrapper:postgresql://h/db?user=${u}&password=${p}\n`, ENCODED],
  [
    'a SQL Server JDBC URL',
    (u, p) => `jdbc:sqlserver://h\\i:1433;databaseName=d;user=${u};password=${p};x={a;b}`,
    BRACED,
  ],
  ['a libpq string', (u, p) => `host=h user=${u} password=${p} application_name='it\\'s = mine'`, LIBPQ],
  ['a libpq string with spaces', (u, p) => `host = h\n user = ${u}\n password =  ${p}\n`, LIBPQ],
  ['an ADO.NET string', (u, p) => `Server=tcp:h,1433;Initial Catalog=d;User ID=${u};Password=${p};App="a;""b"`, QUOTED],
  ['an Npgsql string', (u, p) => `Host=h; Username = ${u} ; Password = ${p} ; SSL Mode=VerifyFull`, QUOTED],
  ['a MySQL .NET string', (u, p) => `server=h;uid=${u};pwd=${p}`, QUOTED],
  [
    'an ODBC string',
    (u, p) => `Driver={ODBC Driver 18 for SQL Server};Server=h;UID=${u};PWD=${p};Encrypt=yes;`,
    BRACED,
  ],
  ['an ODBC string with a DSN', (u, p) => `DSN=mine;Uid=${u};Pwd=${p}`, BRACED],
];

describe('a connection string', () => {
  it.each(TEXTS)('follows the password: %s', (_, text, encoded) => {
    expect(follow(text('app', 'old-Pw.1'))).toBe(text('app', encoded));
  });

  it.each(TEXTS)('follows the user name: %s', (_, text) => {
    const to = { username: 'app_clone', password: 'new' };
    expect(follow(text('app', 'old-Pw.1'), OLD, to)).toBe(text('app_clone', 'new'));
  });

  it.each(TEXTS)('reads what it wrote, for any login: %s', (_, text) => {
    // Well-formed, as a password has to be: it is sent as UTF-8. No NUL: no driver takes one.
    const word = fc
      .oneof(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: fc.constantFrom(...HARD), minLength: 1 }))
      .filter((value) => value.isWellFormed() && !value.includes('\0'));
    const login = fc.record({ username: word, password: word });
    fc.assert(
      fc.property(login, (middle) => {
        fc.pre(middle.username !== 'app' && middle.password !== 'old-Pw.1');
        const there = follow(text('app', 'old-Pw.1'), OLD, middle);
        expect(follow(there, middle, OLD)).toBe(text('app', 'old-Pw.1'));
        // …and only the right password and the right user read as the old ones.
        expect(follow(there, { ...middle, password: `${middle.password}x` }, OLD)).toBeUndefined();
        expect(follow(there, { ...middle, username: `${middle.username}x` }, OLD)).toBeUndefined();
      }),
    );
  });

  it.each(TEXTS)('of another account is left alone: %s', (_, text) => {
    expect(follow(text('other', 'old-Pw.1'))).toBeUndefined();
    expect(follow(text('app', 'other'))).toBeUndefined();
    expect(follow(text('app', 'old-Pw.12'))).toBeUndefined();
    expect(follow(text('app', 'OLD-PW.1'))).toBeUndefined();
  });

  it.each(TEXTS)('is compared by its password alone if the user is not known: %s', (_, text) => {
    expect(follow(text('any', 'old-Pw.1'), { password: 'old-Pw.1' }, { password: 'new' })).toBe(text('any', 'new'));
  });

  it.each(TEXTS)('is unchanged if nothing changes: %s', (_, text) => {
    expect(follow(text('app', 'old-Pw.1'), OLD, OLD)).toBeUndefined();
  });

  it.each([
    ['redis://:old-Pw.1@h:6379/0', 'redis://:new@h:6379/0'],
    ['rediss://app:old-Pw.1@h', 'rediss://app:new@h'],
    // percent-encoding that is not ours
    ['mysql://%61pp:old%2dPw%2E1@h', 'mysql://%61pp:new@h'],
    // the user is read as WHATWG reads it: up to the first colon; the host starts after the last @
    ['https://app:old-Pw.1@h\\@x:y@z', 'https://app:new@h\\@x:y@z'],
    ["host=h user = 'app' password=old\\-Pw.1", "host=h user = 'app' password=new"],
    ["Server=h;User Id='app';Password='old-Pw.1'", "Server=h;User Id='app';Password=new"],
    ['jdbc:sqlserver://h;userName={app};password={old-Pw.1}', 'jdbc:sqlserver://h;userName={app};password=new'],
    ['Server=h;Uid=app;Pwd={old-Pw.1}', 'Server=h;Uid=app;Pwd=new'],
    ['jdbc:mariadb://h/db?user=app&password=old-Pw.1', 'jdbc:mariadb://h/db?user=app&password=new'],
    // the login of a URL stands twice, and says the same
    ['postgres://app:old-Pw.1@h/?user=app&password=old-Pw.1', 'postgres://app:new@h/?user=app&password=new'],
    // the name of a parameter in a URL that is not PostgreSQL's means nothing
    ['https://app:old-Pw.1@h/?user=7', 'https://app:new@h/?user=7'],
  ])('%s becomes %s', (before, after) => {
    expect(follow(before, OLD, { username: 'app', password: 'new' })).toBe(after);
  });

  it.each([
    ['a space in a query, written as +', 'postgres://h/?user=app&password=a+b', 'a b'],
    ['a + in a query, as libpq reads it', 'postgres://h/?user=app&password=a+b', 'a+b'],
    ['a + in a JDBC URL', 'jdbc:postgresql://h/?user=app&password=a+b', 'a b'],
    ['a + before the host', 'postgres://app:a+b@h', 'a+b'],
    ['a % that escapes nothing', 'postgres://app:100%@h', '100%'],
    ['an @ that should have been escaped', 'postgres://app:a@b@h', 'a@b'],
    ['a : in the password', 'postgres://app:a:b@h', 'a:b'],
    ['no decoding by MariaDB', 'jdbc:mariadb://h/?user=app&password=%41', '%41'],
    ['quotes in quotes', `Server=h;Uid=app;Pwd='it''s "x"'`, `it's "x"`],
    ['quotes inside a bare value', `Server=h;Uid=app;Pwd=it's`, `it's`],
    ['braces that mean nothing to ADO.NET', 'Server=h;Uid=app;Pwd={x}', '{x}'],
    ['quotes that mean nothing to ODBC', 'DSN=d;Uid=app;Pwd="x"', '"x"'],
    ['= in a bare value', 'Server=h;Uid=app;Pwd=a=b', 'a=b'],
    ['libpq, whatever the quotes', `host=h user=app password='p q\\'s'`, "p q's"],
    ['libpq, escaped without quotes', 'host=h user=app password=p\\ q\\\\', 'p q\\'],
  ])('is understood: %s', (_, text, password) => {
    expect(follow(text, { username: 'app', password }, { username: 'app', password: 'new' })).toContain('new');
  });

  it.each([
    ['no text', 7],
    ['a nested object', { url: 'postgres://app:old-Pw.1@h' }],
    ['the password itself', 'old-Pw.1'],
    ['prose', 'my password is old-Pw.1, the user is app'],
    ['a URL without a login', 'https://old-Pw.1/app'],
    ['a URL with a user only', 'https://old-Pw.1@h/'],
    ['the login in the path', 'https://h/app:old-Pw.1@x'],
    ['the login in the query', 'https://h?app:old-Pw.1@x'],
    ['parameters of another URL', 'https://h/?user=app&password=old-Pw.1'],
    ['a login that contradicts itself', 'postgres://app:old-Pw.1@h/?password=other'],
    ['another case of the key in libpq', 'host=h user=app PASSWORD=old-Pw.1'],
    ['another password key', 'sslpassword=old-Pw.1 host=h user=app'],
    ['only a password', 'password=old-Pw.1'],
    ['quotes that never end', 'Server=h;User Id=app;Password="old-Pw.1'],
    ['text after the quotes', 'Server=h;User Id=app;Password="old-Pw.1"x'],
    ['a storage account', 'AccountName=app;AccountKey=old-Pw.1;EndpointSuffix=x'],
    ['bytes that are not UTF-8', 'postgres://app:%ff@h'],
  ])('is left alone: %s', (_, text) => {
    expect(follow(text)).toBeUndefined();
  });

  it('is not found in fields that merely hold an empty password', () => {
    expect(follow('https://app:@h', { username: 'app', password: '' })).toBeUndefined();
  });

  it('is changed only where it is one', () => {
    const fields = new Map<string, unknown>([
      ['username', 'app'],
      ['password', 'old-Pw.1'],
      ['DATABASE_URL', 'postgres://app:old-Pw.1@h'],
      ['OTHER_URL', 'postgres://other:pw@h'],
      ['port', 5432],
      ['JDBC', 'jdbc:mysql://h/?user=app&password=old-Pw.1'],
    ]);
    expect([...followConnectionStrings(fields, OLD, { username: 'app', password: 'a/b' })]).toEqual([
      ['DATABASE_URL', 'postgres://app:a%2Fb@h'],
      ['JDBC', 'jdbc:mysql://h/?user=app&password=a%2Fb'],
    ]);
  });

  it('that cannot express the password is an error that does not show it', () => {
    const text = 'jdbc:mariadb://h/?user=app&password=old-Pw.1';
    const act = () => follow(text, OLD, { username: 'app', password: 'hunter&2' });
    expect(act).toThrow(InvalidSecret);
    expect(act).toThrow(/^(?!.*(?:hunter|old-Pw)).*"field".*EXCLUDE_CHARACTERS/);
  });

  it('never fails, and never changes what does not hold the password', () => {
    const pieces = fc.constantFrom(
      ...['postgres://', 'jdbc:', 'mysql:', 'sqlserver://', 'host', 'user', 'password', 'Pwd', 'Driver', 'app', 'pw'],
      ...['=', ';', ':', '@', '/', '?', '&', '#', '"', "'", '{', '}', '\\', '%', '%4', ' ', '\n', '\ud800', '\0', 'é'],
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces, { maxLength: 40 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, fc.string({ unit: 'binary' }), (strange, password) => {
        expect(() => follow(strange, { username: 'app', password: 'pw' }, { username: 'a', password })).not.toThrow(
          TypeError,
        );
        if (!strange.includes('pw')) {
          expect(follow(strange, { username: 'app', password: 'pw' }, { username: 'a', password })).toBeUndefined();
        }
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['spaces', `Server=${' '.repeat(65_000)}x`],
    ['semicolons', ';'.repeat(65_000)],
    ['pairs', 'a=b;'.repeat(16_000)],
    ['quotes', `password='${"\\'".repeat(32_000)}`],
    ['pairs of libpq', 'a=b '.repeat(16_000)],
    ['doubled quotes', `a="${'""'.repeat(32_000)}`],
    ['percent signs', `postgres://a:${'%'.repeat(64_000)}@h`],
    ['at signs', `postgres://${'@:'.repeat(32_000)}`],
    ['words and spaces', 'a '.repeat(32_000)],
    ['JDBC subprotocols', `jdbc:${'a:'.repeat(32_000)}`],
    ['a long scheme', 'a'.repeat(65_000)],
  ])('is read in linear time: %s', (_, text) => {
    const start = performance.now();
    follow(text);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('what other parsers read', () => {
  const password = fc.string({ unit: 'grapheme', minLength: 1 }).filter((value) => value.isWellFormed());
  const login = fc.record({ username: password, password });
  const followed = (text: string, to: Login) => follow(text, OLD, to) ?? text;

  it('is the new login: new URL', () => {
    fc.assert(
      fc.property(login, fc.constantFrom('https', 'postgres', 'redis', 'mongodb+srv'), (to, scheme) => {
        const read = new URL(followed(`${scheme}://app:old-Pw.1@h/db?x=y`, to));
        expect(decodeURIComponent(read.username)).toBe(to.username);
        expect(decodeURIComponent(read.password)).toBe(to.password);
        expect([read.host, read.pathname, read.search]).toEqual(['h', '/db', '?x=y']);
      }),
    );
  });

  it('is the new login: pg-connection-string', () => {
    const texts = fc.constantFrom(
      'postgres://app:old-Pw.1@h:5432/db',
      'postgresql://h:5432/db?user=app&password=old-Pw.1',
    );
    fc.assert(
      fc.property(login, texts, (to, text) => {
        expect(parsePg(followed(text, to))).toMatchObject({
          user: to.username,
          password: to.password,
          host: 'h',
          port: '5432',
          database: 'db',
        });
      }),
    );
  });
});
