import { followConnectionStrings } from './connection-string.ts';
import type { JsonSecret } from './json-secret.ts';
import type { Sensitive } from './sensitive.ts';

/**
 * The secret with a new password in `field`; connection strings beside it that hold the old one follow, and the rest is
 * kept to the byte.
 */
export function replacePassword(secret: JsonSecret, field: string, password: Sensitive): JsonSecret {
  const fields = secret.fields();
  const name = fields.get('username');
  const username = typeof name === 'string' ? name : undefined;
  const from = { username, password: secret.requiredString(field) };
  const to = { username, password: password.reveal() };
  const others = new Map([...fields].filter(([other]) => other !== field));
  return secret.with(new Map([...followConnectionStrings(others, from, to), [field, to.password]]));
}
