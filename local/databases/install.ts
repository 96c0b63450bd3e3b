import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { unpack, unpackedVersion } from './debian-suite.ts';
import { isExecutable, mariadbBinaries, PLUGINS, pluginFile } from './mariadb-binaries.ts';
import { NAMES, UNPACKED } from './mysql-kinds.ts';

const run = promisify(execFile);

/** The server without its system service: nothing starts, now or when the machine does. */
const SERVER_PACKAGE = 'mariadb-server-core';
/** Holds the plugins, and the service; so only its plugins are taken, and it is not installed. */
const PLUGIN_PACKAGE = 'mariadb-server';
/** What the tests load. */
const NEEDED = ['auth_ed25519', 'simple_password_check', 'password_reuse_check'];

const REMEDY =
  'As root on Debian or Ubuntu, run npm run databases again; elsewhere install MariaDB 10.4 or later (dnf install mariadb-server, brew install mariadb), or name a server in MYSQL_URL=mysql://superuser:password@host:port.';

/**
 * Brings what tests and `npm start` need and npm cannot: MariaDB and MySQL servers. Says what it does.
 *
 * @returns whether everything is there in the end
 */
export async function installDatabases(say: (line: string) => void): Promise<boolean> {
  say('PostgreSQL: npm ci brought it.');
  if (process.env['MYSQL_URL'] !== undefined) {
    say('MariaDB: MYSQL_URL names a server; nothing is installed.');
    return true;
  }
  const complete = (await bringServer(say)) && (await bringPlugins(say));
  for (const kind of ['mysql', 'mariadb-11'] as const) await bringUnpacked(kind, say);
  return complete;
}

/** Of another suite, which may be broken for a day: that is told, and stops nothing. */
async function bringUnpacked(kind: keyof typeof UNPACKED, say: (line: string) => void): Promise<void> {
  const server = UNPACKED[kind];
  const name = NAMES[kind];
  const there = await unpackedVersion(server);
  if (there !== undefined) return say(`${name}: ${there} is there, unpacked.`);
  if (!onPath('apt-get') || !onPath('dpkg-deb')) {
    return say(`${name}: skipped, since it comes from Debian's packages and there is no apt-get here.`);
  }
  try {
    const version = await unpack(server);
    say(`${name}: ${version} of Debian's suite ${server.suite} was unpacked; nothing was installed.`);
  } catch (error) {
    say(`${name}: skipped, since Debian's suite ${server.suite} did not give it today. ${complaintOf(error)}`);
  }
}

async function bringServer(say: (line: string) => void): Promise<boolean> {
  const found = mariadbBinaries();
  if (found) {
    say(`MariaDB: ${found.server} is there.`);
    return true;
  }
  if (!onPath('apt-get') || userInfo().uid !== 0) {
    say(`MariaDB: there is none, and this user cannot install it. ${REMEDY}`);
    return false;
  }
  say(`MariaDB: installing the package ${SERVER_PACKAGE} with apt-get. It has no system service; none will run.`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['update', '-q'], { env });
    await run('apt-get', ['install', '-q', '-y', '--no-install-recommends', SERVER_PACKAGE], { env });
  } catch (error) {
    say(`MariaDB: apt-get failed. ${complaintOf(error)}\n${REMEDY}`);
    return false;
  }
  const installed = mariadbBinaries();
  say(installed ? `MariaDB: ${installed.server} was installed.` : `MariaDB: the package brought no server. ${REMEDY}`);
  return installed !== undefined;
}

async function bringPlugins(say: (line: string) => void): Promise<boolean> {
  const missing = NEEDED.filter((plugin) => pluginFile(plugin) === undefined);
  if (missing.length === 0) {
    say(`MariaDB's plugins: ${NEEDED.join(', ')} are there.`);
    return true;
  }
  if (!onPath('apt-get') || !onPath('dpkg-deb')) {
    say(`MariaDB's plugins: ${missing.join(', ')} are missing. Install the packages that hold them.`);
    return false;
  }
  const folder = await mkdtemp(join(tmpdir(), 'mariadb-plugins-'));
  try {
    // Plugins load only into the server that they were built for.
    const { stdout: version } = await run('dpkg-query', ['--show', `--showformat=\${Version}`, SERVER_PACKAGE]);
    await run('apt-get', ['download', '-q', `${PLUGIN_PACKAGE}=${version}`], { cwd: folder });
    const [archive = ''] = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
    await run('dpkg-deb', ['--extract', join(folder, archive), join(folder, 'content')]);
    await mkdir(dirname(PLUGINS), { recursive: true });
    await cp(join(folder, 'content/usr/lib/mysql/plugin'), PLUGINS, { recursive: true });
    say(`MariaDB's plugins: taken from the package ${PLUGIN_PACKAGE} (${version}), which was not installed.`);
    return true;
  } catch (error) {
    say(`MariaDB's plugins: ${missing.join(', ')} are missing, and could not be fetched. ${complaintOf(error)}`);
    return false;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => isExecutable(join(folder, program)));
}

function complaintOf(error: unknown): string {
  if (error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' && error.stderr !== '') {
    return error.stderr.trim();
  }
  return error instanceof Error ? error.message : String(error);
}

if (import.meta.main) {
  const complete = await installDatabases((line) => console.log(line));
  if (!complete) console.log('Tests that need what is missing will be skipped, and fail with CI=true.');
  process.exitCode = complete || process.env['CI'] !== 'true' ? 0 : 1;
}
