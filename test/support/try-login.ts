import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { DatabaseLogin, Engine } from '../../shared/engines/engine.ts';
import { postgres } from '../../shared/engines/postgres.ts';

const PROGRAM = fileURLToPath(new URL('login-process.ts', import.meta.url));

/**
 * Logs in to a database in a process of its own, with these variables in its environment: Node reads some of them only
 * when it starts.
 */
export async function tryLogin(
  login: DatabaseLogin,
  environment: Readonly<Record<string, string>>,
  engine: Engine = postgres,
): Promise<{ readonly name: string; readonly message: string }> {
  const child = spawn(process.execPath, [PROGRAM], { env: { ...process.env, ...environment }, stdio: 'pipe' });
  child.stdin.end(JSON.stringify({ engineName: engine.name, ...login, password: login.password.reveal() }));
  const [output, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (output === '') throw new Error(`The process that should log in failed: ${complaints}`);
  return JSON.parse(output);
}
