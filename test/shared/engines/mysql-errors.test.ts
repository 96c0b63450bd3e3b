import { expect, it } from 'vitest';
import { connectError, passwordChangeError, statementError } from '../../../shared/engines/mysql-errors.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';

const login = {
  host: 'db.example',
  port: 3306,
  database: 'orders',
  username: 'app',
  password: new Sensitive('password'),
  tls: 'off' as const,
};
const said = (errno: number, sqlMessage = 'as the server words it') =>
  Object.assign(new Error(`${sqlMessage}\nsql: SET PASSWORD = ?`), { errno, sqlMessage });

it.each([
  [1040, 'Unreachable', /connection limit/],
  [1203, 'Unreachable', /connection limit/],
  [1045, 'LoginRefused', /refuses the password of app/],
  [1044, 'DatabaseRefused', /database orders/],
  [1049, 'DatabaseRefused', /dbname/],
  [1129, 'DatabaseRefused', /FLUSH HOSTS/],
  [1130, 'DatabaseRefused', /host part of this one/],
  [1226, 'DatabaseRefused', /Raise the limit/],
  [1251, 'DatabaseRefused', /do not agree/],
  [1862, 'DatabaseRefused', /expired/],
  [3118, 'DatabaseRefused', /ACCOUNT UNLOCK/],
  [3159, 'TlsRefused', /Remove "ssl": false/],
  [3955, 'DatabaseRefused', /failed logins/],
  [4151, 'DatabaseRefused', /ACCOUNT UNLOCK/],
  [9999, 'DatabaseRefused', /9999/],
])('a login answered with %i is %s, and the error says what to do', (errno, name, message) => {
  const error = connectError(said(errno), login);
  expect(error.name).toBe(name);
  expect(error.message).toMatch(message);
  expect(error.message).toContain('db.example:3306/orders');
  expect(error.message).not.toContain('SET PASSWORD');
});

it.each([
  ['ECONNREFUSED', /refuses connections/],
  ['ENOTFOUND', /does not resolve/],
  ['ECONNRESET', /broke the connection/],
])('Node failing with %s is Unreachable', (code, message) => {
  const error = statementError(Object.assign(new Error(code), { code, errno: -111 }), login);
  expect(error.name).toBe('Unreachable');
  expect(error.message).toMatch(message);
});

it.each([1053, 1205, 1927])('a change of the password answered with %i is Unreachable: it may be repeated', (errno) => {
  expect(passwordChangeError(said(errno), login).name).toBe('Unreachable');
});
