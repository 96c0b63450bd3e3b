import { expect } from 'vitest';

/** The forms in which a secret value must not be found anywhere. */
export function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
}

/** Neither the error nor its causes tell a password that stands in these values of secrets. */
export function expectNoPassword(error: Error, values: readonly string[]): void {
  let told = '';
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    told += `${cause.stack} ${cause.message}`;
  for (const form of values.flatMap(passwordsOf).flatMap(formsOf)) expect(told).not.toContain(form);
}

function passwordsOf(text: string): readonly string[] {
  try {
    const { password } = JSON.parse(text);
    return typeof password === 'string' ? [password] : [];
  } catch {
    return [];
  }
}
