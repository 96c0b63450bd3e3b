import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

export interface KeptProcess {
  readonly process: ChildProcessByStdio<Writable, null, Readable>;
  /** Ends it, waits for its end, and removes its folder. */
  end(): Promise<void>;
}

export interface KeptOptions {
  /** Removed when the process ends. */
  readonly folder: string;
  /** What ends the server. Interrupted unless told otherwise; a server that handles no such signal would ignore it. */
  readonly signal?: 'INT' | 'KILL';
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly runAs?: { readonly uid: number; readonly gid: number } | undefined;
}

/**
 * A shell between us and the server reads a pipe that we never write to. It ends when we ask, and also when we are
 * killed without warning: no server and no folder is left behind.
 */
const KEEPER = `
trap '' HUP INT TERM
signal=$1
shift
exec 3<&0
"$@" 3<&- &
server=$!
{ read -r _ <&3; kill -"$signal" "$server"; } 2>/dev/null &
{ wait "$server"; } 2>/dev/null # The shell would tell of a kill, and die of it where nobody listens any more.
code=$?
rm -rf "$0"
exit "$code"
`;

/** Starts a server that does not outlive this process, whatever ends this one. Needs a POSIX shell. */
export function startKept(command: string, args: readonly string[], options: KeptOptions): KeptProcess {
  const { folder, environment, runAs, signal = 'INT' } = options;
  const child = spawn('/bin/sh', ['-c', KEEPER, folder, signal, command, ...args], {
    env: environment,
    stdio: ['pipe', 'ignore', 'pipe'],
    // Out of the terminal's reach: with Ctrl-C, whoever started the server still needs it to clean up.
    detached: true,
    ...runAs,
  });
  child.stdin.on('error', () => {});
  return {
    process: child,
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.stdin.end();
      await exit;
    },
  };
}
