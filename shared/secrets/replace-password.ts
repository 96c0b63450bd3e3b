import { followConnectionStrings } from './connection-string.ts';
import type { JsonSecret } from './json-secret.ts';
import type { Sensitive } from './sensitive.ts';

/**
 * The secret with a new password in `field`; connection strings beside it that hold the old one follow, and the rest is
 * kept to the byte.
 */
export function replacePassword(secret: JsonSecret, field: string, password: Sensitive): JsonSecret {
  const name = secret.fields().get('username');
  const username = typeof name === 'string' ? name : undefined;
  const from = { username, password: secret.requiredString(field) };
  const followed = followConnectionStrings(allBut(secret, field), from, { username, password: password.reveal() });
  return secret.with(new Map([...followed, [field, password.reveal()]]));
}

/** The secret with another `username` and `password`; connection strings follow, and the rest is kept to the byte. */
export function replaceLogin(secret: JsonSecret, login: { username: string; password: Sensitive }): JsonSecret {
  const from = { username: secret.requiredString('username'), password: secret.requiredString('password') };
  const to = { username: login.username, password: login.password.reveal() };
  const followed = followConnectionStrings(allBut(secret, 'username', 'password'), from, to);
  return secret.with(new Map([...followed, ...Object.entries(to)]));
}

function allBut(secret: JsonSecret, ...names: readonly string[]): ReadonlyMap<string, unknown> {
  return new Map([...secret.fields()].filter(([name]) => !names.includes(name)));
}
