import { chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface ServerLogin {
  readonly username: string;
  readonly password: string;
  readonly database?: string;
}

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** May do everything, and grant it. */
  readonly superuser: ServerLogin;
}

export interface DatabaseServer extends ServerAddress {
  /** Runs SQL in a session of its own, as the superuser unless another login is given. */
  query(sql: string, login?: ServerLogin): Promise<readonly Record<string, unknown>[]>;
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Server settings, as in its configuration file. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Files written into the data folder before the start, such as a certificate. */
  readonly files?: Readonly<Record<string, string>>;
}

/** The server that `scheme://superuser:password@host:port` names. */
export function addressIn(url: string, usualPort: number): ServerAddress {
  const { hostname, port, username, password } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || usualPort),
    superuser: { username: decodeURIComponent(username), password: decodeURIComponent(password) },
  };
}

/** Files that only the server may read: it refuses keys that others can. */
export async function writeInto(
  folder: string,
  files: Readonly<Record<string, string>>,
  runAs: { readonly uid: number; readonly gid: number } | undefined,
): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    if (runAs) await chown(join(folder, name), runAs.uid, runAs.gid);
  }
}

/** How PostgreSQL and MariaDB say that a password is wrong. */
const REFUSED: readonly unknown[] = ['28P01', 'ER_ACCESS_DENIED_ERROR', 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR'];

/** Whether the server takes this login, and then lets it run the statement, whose own failure is thrown. */
export async function logsIn(
  server: Pick<DatabaseServer, 'query'>,
  { username, password }: ServerLogin,
  sql = 'SELECT 1',
): Promise<boolean> {
  try {
    await server.query(sql, { username, password });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && REFUSED.includes(error.code)) return false;
    throw error;
  }
}
