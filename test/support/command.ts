import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
  /** The output as a person would retell it: without what differs from run to run. */
  readonly transcript: string;
}

/** A command of the project, as npm would run it. */
export interface Command {
  readonly process: ChildProcess;
  /** Resolves with the match as soon as the output has one; rejects if the command ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Ended>;
}

export function startCommand(file: string, ...args: readonly string[]): Command {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };
  const child = spawn(process.execPath, [file, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = once(child, 'close').then(() => ({ exitCode: child.exitCode, output, transcript: retold(output) }));
  return {
    process: child,
    ended,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const listener = () => {
          const found = pattern.exec(output);
          if (!found) return;
          listeners.delete(listener);
          resolve(found);
        };
        listeners.add(listener);
        listener();
        void ended.then(() => reject(new Error(`The command ended without saying ${pattern}:\n${output}`)));
      }),
  };
}

export function runCommand(file: string, ...args: readonly string[]): Promise<Ended> {
  return startCommand(file, ...args).ended;
}

function retold(output: string): string {
  const versions = new Map<string, string>();
  return output
    .replace(/^ {6}[{\d].*\n/gm, '') // log lines of the function
    .replace(/([●○]) ([\da-f]{8})/g, (_, mark, version) => {
      if (!versions.has(version)) versions.set(version, `version ${versions.size + 1}`);
      return `${mark} ${versions.get(version)}`;
    })
    .replace(/ +\d+ ms/g, ' … ms')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
    .replace(/(demo_(?:app|pair))_[\da-f]{6}/g, '$1')
    .replace(/ +$/gm, '');
}
