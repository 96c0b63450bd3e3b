import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

/** Gives each test a folder for all its temporary files; everybody may use it, as they may the usual one. */
export function temporaryFolder(): () => string {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'test-'));
    await chmod(folder, 0o1777);
    vi.stubEnv('TMPDIR', folder);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });
  return () => folder;
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** @param start statements of a module that start a server and set `pid` to the text of its process id */
export function endsWithItsStarter(start: string, folder: () => string): void {
  it.each([
    ['ends without stopping it', 'process.exit(1)'],
    ['is killed', "process.kill(process.pid, 'SIGKILL')"],
    ['is terminated', "process.kill(process.pid, 'SIGTERM')"],
  ])('is gone without a trace when the process that started it %s', async (_, end) => {
    const program = `${start}
      process.stdout.write(pid, () => process.stdin.once('data', () => ${end}));`;
    const starter = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [pid] = await once(starter.stdout, 'data');
    expect(isRunning(Number(pid))).toBe(true);
    const ended = once(starter, 'exit');
    starter.stdin.write('end\n');
    await ended;
    await vi.waitFor(async () => {
      expect(isRunning(Number(pid))).toBe(false);
      expect(await readdir(folder())).toEqual([]);
    }, 10_000);
  });
}
