import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../shared/engines/engine.ts';
import { binaryValue, stringValue } from '../../../shared/secrets/secret-value.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { isSameUser, parseDatabaseSecret, type StoredLogin } from '../../../shared/strategies/database-secret.ts';
import { certificateAuthority } from '../../support/certificates.ts';

const PASSWORD = 'canary-4711"\\';

const engine: Engine = {
  name: 'Exemplary',
  engineNames: ['exemplary', 'aurora-exemplary'],
  defaultPort: 4444,
  defaultDatabase: 'main',
  refusedLogins: 2,
  limits: () => ({ userName: { most: 16, of: 'bytes' }, passwordBytes: 100, otherwise: '' }),
  connect: () => Promise.reject(new Error('Parsing opens no connection.')),
};

const valid = {
  engine: 'exemplary',
  host: 'db.example.com',
  username: 'app',
  password: PASSWORD,
  port: 5000,
  dbname: 'orders',
  ssl: true,
};
const parse = (fields: unknown) => parseDatabaseSecret(stringValue(JSON.stringify(fields)), engine);
const thrownBy = (act: () => unknown): Error => {
  try {
    act();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('It was accepted.');
};

describe('a database secret', () => {
  it('names a login', () => {
    const { login } = parse(valid);
    expect(login).toMatchObject({
      place: { host: 'db.example.com', port: 5000 },
      database: 'orders',
      username: 'app',
      tls: 'verified',
    });
    expect(login.password.reveal()).toBe(PASSWORD);
    expect(inspect(login, { depth: 9 })).not.toContain('canary');
  });

  it('takes port, database and TLS from the engine and from caution if it says nothing', () => {
    const { engine: name, host, username, password } = valid;
    expect(parse({ engine: name, host, username, password }).login).toMatchObject({
      place: { host, port: 4444 },
      database: 'main',
      tls: 'verified',
    });
  });

  it('keeps its whole text to be written back', () => {
    const text = `{ "note": 1.0,\n ${JSON.stringify(valid).slice(1)}`;
    const value = parseDatabaseSecret(stringValue(text), engine).json.toValue();
    expect(value.kind === 'string' && value.text.reveal()).toBe(text);
  });

  // Accepted shapes: those of the AWS-provided templates.
  it.each([
    ['port', '5001', { place: { port: 5001 } }],
    ['port', 1, { place: { port: 1 } }],
    ['port', 65_535, { place: { port: 65_535 } }],
    ['ssl', false, { tls: 'off' }],
    ['ssl', 'false', { tls: 'off' }],
    ['ssl', 'False', { tls: 'off' }],
    ['ssl', 'true', { tls: 'verified' }],
    ['ssl', 'TRUE', { tls: 'verified' }],
    ['engine', 'Aurora-Exemplary', {}],
    ['host', 'DB.Example.COM', { place: { host: 'db.example.com' } }],
    ['host', '10.0.0.7', { place: { host: '10.0.0.7' } }],
    ['host', '2001:DB8::1', { place: { host: '2001:db8::1' } }],
    ['host', 'fe80::1%eth0', { place: { host: 'fe80::1%eth0' } }],
    ['host', 'datenbank-münchen.example', { place: { host: 'datenbank-münchen.example' } }],
    ['host', 'my_db', { place: { host: 'my_db' } }],
    ['username', `o'"\\;-- ü`, { username: `o'"\\;-- ü` }],
    ['username', 'ü'.repeat(8), { username: 'ü'.repeat(8) }],
    ['dbname', `x"; drop table y`, { database: `x"; drop table y` }],
  ])('may have %s = %j', (field, value, login) => {
    expect(parse({ ...valid, [field]: value }).login).toMatchObject(login);
  });

  it('may name the authority of its server', async () => {
    const { cert } = await certificateAuthority();
    expect(parse({ ...valid, ssl: { ca: cert } }).login.tls).toEqual({ authorities: cert });
  });

  it.each([
    ['engine', undefined, 'missing'],
    ['engine', 'mysql', 'exemplary, aurora-exemplary'],
    ['engine', 7, 'exemplary'],
    ['host', undefined, 'string'],
    ['host', '', 'empty'],
    ['host', ['a'], 'string'],
    ['host', '/var/run/postgresql', 'one host name'],
    ['host', 'a,b', 'one host name'],
    ['host', 'a b', 'one host name'],
    ['host', 'db:5432', 'one host name'],
    ['host', 'mydb:5432', 'one host name'],
    ['host', '[::1]', 'one host name'],
    ['host', '..', 'one host name'],
    ['host', '-oProxyCommand', 'one host name'],
    ['host', 'user@db', 'one host name'],
    ['host', 'db\n', 'one host name'],
    ['host', 'db\u0000', 'NUL'],
    ['host', `${'a'.repeat(254)}`, 'one host name'],
    ['username', null, 'string'],
    ['username', '', 'empty'],
    ['username', 'app\u0000x', 'NUL'],
    ['username', 'app\ud800', 'half of a character'],
    ['username', 'a'.repeat(17), '16 bytes'],
    ['username', 'ü'.repeat(9), '16 bytes'],
    ['password', undefined, 'string'],
    ['password', '', 'empty'],
    ['password', 12345678, 'string'],
    ['password', { old: PASSWORD }, 'string'],
    ['password', `${PASSWORD}\u0000`, 'NUL'],
    ['dbname', '', 'empty'],
    ['dbname', 7, 'string'],
    ['dbname', 'a\u0000b', 'NUL'],
    ['port', 0, '65535'],
    ['port', 65_536, '65535'],
    ['port', -1, '65535'],
    ['port', 5000.5, '65535'],
    ['port', '', '65535'],
    ['port', '5000; x', '65535'],
    ['port', '0x1388', '65535'],
    ['port', '0', '65535'],
    ['port', true, '65535'],
    ['port', [5000], '65535'],
    ['ssl', 'yes', 'true or false'],
    ['ssl', '', 'true or false'],
    ['ssl', 0, 'true or false'],
    ['ssl', null, 'true or false'],
    ['ssl', 'require', 'true or false'],
    ['ssl', { ca: 'not a certificate' }, '"ca"'],
    ['ssl', { ca: 1 }, '"ca"'],
  ])('with %s = %j is refused, by the name of the field', (field, value, reason) => {
    const error = thrownBy(() => parse({ ...valid, [field]: value }));
    expect(error).toMatchObject({ name: 'InvalidSecret', message: expect.stringContaining(`"${field}"`) });
    expect(error.message).toContain(reason);
    expect(inspect(error, { depth: 9 })).not.toContain('canary');
  });

  it.each(['', 'canary', '"canary"', '["canary"]', 'null', '{"password":"canary"', "{'password':'canary'}"])(
    'is not %j',
    (text) => {
      const error = thrownBy(() => parseDatabaseSecret(stringValue(text), engine));
      expect(error.name).toBe('InvalidSecret');
      expect(inspect(error, { depth: 9 })).not.toContain('canary');
    },
  );

  it.each([
    ['an instance', { dbInstanceIdentifier: 'orders-1' }, { dbInstanceIdentifier: 'orders-1' }],
    ['a cluster', { dbClusterIdentifier: 'orders' }, { dbClusterIdentifier: 'orders' }],
    [
      'a cluster rather than one of its instances',
      { dbInstanceIdentifier: 'orders-1', dbClusterIdentifier: 'orders' },
      { dbClusterIdentifier: 'orders' },
    ],
  ])('may name, instead of a host, %s', (_, identifiers, place) => {
    const { engine: name, username, password } = valid;
    expect(parse({ engine: name, username, password, ...identifiers }).login.place).toEqual(place);
  });

  it('is for its host, whatever identifier stands beside it', () => {
    const { place } = parse({ ...valid, dbInstanceIdentifier: 'orders-1' }).login;
    expect(place).toEqual({ host: valid.host, port: valid.port });
  });

  it('that names an RDS Proxy is refused with what to name instead', () => {
    const host = 'pool.proxy-abc123.eu-west-1.rds.amazonaws.com';
    const error = thrownBy(() => parse({ ...valid, host }));
    expect(error).toMatchObject({
      name: 'InvalidSecret',
      message: expect.stringContaining(`"host": ${host} is an RDS Proxy`),
    });
    expect(error.message).toContain('the host of the instance');
  });

  it('is not binary', () => {
    expect(thrownBy(() => parseDatabaseSecret(binaryValue(Buffer.from('{}')), engine)).name).toBe('InvalidSecret');
  });

  it('of any shape is read or refused by name, and never quoted', () => {
    const wrong = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }));
    const field = fc.constantFrom(...Object.keys(valid));
    fc.assert(
      fc.property(fc.dictionary(field, wrong), fc.string({ unit: 'binary' }), (changes, suffix) => {
        const fields = { ...valid, ...changes, password: changes['password'] ?? `canary-4711${suffix}` };
        try {
          const { login } = parse(fields);
          const { place } = login;
          if (!('host' in place)) throw new Error('A host was given.');
          expect(Number.isInteger(place.port) && place.port >= 1 && place.port <= 65_535).toBe(true);
          for (const text of [place.host, login.username, login.database, login.password.reveal()]) {
            expect(text === '' || text.includes('\u0000')).toBe(false);
          }
        } catch (error) {
          expect(error).toMatchObject({ name: 'InvalidSecret' });
          expect(inspect(error, { depth: 9 })).not.toContain('canary-4711');
        }
      }),
    );
  });
});

describe('two logins', () => {
  const names = { host: 'db.example.com', port: 5000, database: 'orders', username: 'app' };
  const login = (changes: Partial<typeof names> & { password?: Sensitive } = {}): StoredLogin => {
    const { host, port, ...credential } = { ...names, password: new Sensitive(PASSWORD), ...changes };
    return { ...credential, tls: 'verified', place: { host, port } };
  };

  it('are the same user at the same place, whatever their passwords and databases', () => {
    expect(isSameUser(login(), login({ password: new Sensitive('other'), database: 'wages' }))).toBe(true);
  });

  it.each([{ host: 'evil.example.com' }, { port: 5001 }, { username: 'admin' }])('are told apart by %o', (changes) => {
    expect(isSameUser(login(), login(changes))).toBe(false);
  });

  it('are told apart by instance and cluster', () => {
    const at = (place: StoredLogin['place']): StoredLogin => ({ ...login(), place });
    expect(isSameUser(at({ dbInstanceIdentifier: 'one' }), at({ dbClusterIdentifier: 'one' }))).toBe(false);
  });
});
