import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../local/databases/postgres-server.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { type Protocol, startProtocol } from '../../support/protocol.ts';
import { FIRST_PASSWORD, newRoleRotation, type RoleOptions } from '../../support/role-rotation.ts';

outputOfEachTest();

let server: PostgresServer;
let protocol: Protocol;
beforeAll(async () => {
  [server, protocol] = await Promise.all([startPostgres({ settings: { ssl: 'off' } }), startProtocol()]);
});
afterAll(() => Promise.all([server.stop(), protocol.close()]));

/** A state of the server or of the secret, the error that it gives, and where the message has the statement that helps. */
interface Case {
  readonly options?: RoleOptions;
  readonly state: readonly string[];
  readonly name: string;
  readonly statement: RegExp;
  readonly undo?: readonly string[];
}

const cases: Record<string, Case> = {
  'a password that is not valid any more': {
    state: [`ALTER ROLE "it's app" VALID UNTIL '2001-01-01'`],
    name: 'NoWorkingPassword',
    statement: /(ALTER ROLE .* VALID UNTIL 'infinity'), as a superuser/,
  },
  'a role that may not log in': {
    state: [`ALTER ROLE "it's app" NOLOGIN`],
    name: 'DatabaseRefused',
    statement: /(ALTER ROLE .* LOGIN)\./,
  },
  'a database that the role may not connect to': {
    options: { fields: () => ({ dbname: 'Closed "one"' }) },
    state: ['CREATE DATABASE "Closed ""one"""', 'REVOKE CONNECT ON DATABASE "Closed ""one""" FROM PUBLIC'],
    name: 'DatabaseRefused',
    statement: /(GRANT CONNECT ON DATABASE .*)\./,
    undo: ['DROP DATABASE "Closed ""one""" WITH (FORCE)'],
  },
};

it.each(Object.entries(cases))('the statement in the error helps: %s', async (_, one) => {
  const rotation = await newRoleRotation(server, protocol, { username: "it's app", ...one.options });
  onTestFinished(async () => {
    for (const statement of one.undo ?? []) await server.query(statement);
  });
  for (const statement of one.state) await server.query(statement);
  await rotation.step('createSecret');
  const { name, message } = await rotation.failure('setSecret');
  expect({ name, message }).toMatchObject({ name: one.name, message: expect.stringMatching(one.statement) });
  const [, statement = ''] = one.statement.exec(message) ?? [];
  await server.query(statement);
  await rotation.finish();
  expect(rotation.passwordIn('AWSCURRENT')).not.toBe(FIRST_PASSWORD);
});

it('the query in the error tells whether the password is still valid, to every role', async () => {
  const rotation = await newRoleRotation(server, protocol, { username: "it's app" });
  await rotation.setRolePassword('somebody-elses-password');
  await rotation.step('createSecret');
  const { message } = await rotation.failure('setSecret');
  const [, query = ''] = /this tells: (SELECT .*?)\. If/.exec(message) ?? [];
  const login = { username: "it's app", password: 'somebody-elses-password' };
  expect(await server.query(query, login)).toEqual([{ rolvaliduntil: null }]);
});
