import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A server that is taken out of the packages of a Debian suite, with the libraries that it was built for. */
export interface UnpackedServer {
  readonly suite: string;
  readonly package: string;
  /** Other packages to unpack, such as plugins; what only they need is left out. */
  readonly more?: readonly string[];
  /** Where its files lie once they are unpacked; the version stands beside them. */
  readonly folder: string;
}

/** What a server of a database does not load, and what would bring half a system along. */
const LEFT_OUT =
  /^(?:perl.*|lib.*-perl|debconf.*|adduser|passwd|systemd.*|sysvinit.*|init-system-helpers|dpkg|tar|libapt.*|cdebconf|galera.*|rsync|socat|lsof|gawk|psmisc|iproute2|procps|ma(?:ria)db-client.*|mysql-client.*)$/;
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const HOW = ['--no-recommends', '--no-suggests', '--no-conflicts', '--no-breaks', '--no-replaces', '--no-enhances'];

export async function unpackedVersion({ folder }: UnpackedServer): Promise<string | undefined> {
  return existsSync(join(folder, 'root')) ? (await readFile(join(folder, 'version'), 'utf8')).trim() : undefined;
}

/**
 * Downloads a package of another suite than this machine's with all that it loads, and unpacks it into a folder. Nothing is
 * installed, and no rights are needed; apt checks the signatures. The packages come from where this machine's own come from.
 *
 * @returns the version of the package
 * @throws Error of apt or dpkg, or with what this machine lacks
 */
export async function unpack(server: UnpackedServer): Promise<string> {
  const { suite, folder } = server;
  const making = `${folder}.making`;
  await rm(making, { recursive: true, force: true });
  const at = (name: string) => join(making, name);
  for (const name of ['parts', 'lists/partial', 'cache/archives/partial', 'debs', 'root']) {
    await mkdir(at(name), { recursive: true });
  }
  const source = ['Types: deb', `URIs: ${await ownMirror()}`, `Suites: ${suite}`, 'Components: main'];
  await writeFile(at(`parts/${suite}.sources`), [...source, `Signed-By: ${KEYRING}`, ''].join('\n'));
  const settings = {
    'Dir::Etc::SourceList': '/dev/null',
    'Dir::Etc::SourceParts': at('parts'),
    'Dir::State::Lists': at('lists'),
    'Dir::Cache': at('cache'),
    'APT::Default-Release': suite,
    'APT::Sandbox::User': 'root',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const apt = async (program: string, args: readonly string[], cwd = making) =>
    (await run(program, [...options, ...args], { cwd, maxBuffer: 64 * 2 ** 20 })).stdout;

  await apt('apt-get', ['update', '-q']);
  const wanted = [server.package, ...(server.more ?? [])];
  const listed = await apt('apt-cache', ['depends', '--recurse', ...HOW, ...wanted]);
  const named = listed.split('\n').filter((line) => /^[a-z0-9]/.test(line) && !LEFT_OUT.test(line));
  const policy = await apt('apt-cache', ['policy', server.package]);
  const version = /Candidate: (\S+)/.exec(policy)?.[1] ?? 'unknown';
  await apt('apt-get', ['download', '-q', ...new Set([...wanted, ...named])], at('debs'));
  for (const archive of await readdir(at('debs'))) {
    await run('dpkg-deb', ['--extract', join(at('debs'), archive), at('root')]);
  }
  await writeFile(at('version'), `${version}\n`);
  for (const name of ['parts', 'lists', 'cache', 'debs', 'root/usr/share/doc', 'root/usr/share/man']) {
    await rm(at(name), { recursive: true, force: true });
  }
  await rm(folder, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true });
  await rename(making, folder);
  return version;
}

/** The address that this machine's own sources name: none stands here. */
async function ownMirror(): Promise<string> {
  for (const file of ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list']) {
    const text = existsSync(file) ? await readFile(file, 'utf8') : '';
    const found = /^URIs: (\S+)/m.exec(text)?.[1] ?? /^deb (?:\[[^\]]*\] )?(\S+)/m.exec(text)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error('This machine names no Debian mirror in its apt sources.');
}
