import { fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Invocation } from './invocation.ts';
import { endOfOutput, type FunctionError, type InvokeMessage, type RuntimeMessage } from './lambda-runtime.ts';

/** What Lambda allows for loading a function: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
const INIT_LIMIT_MS = 10_000;

export interface ProcessOptions {
  readonly bundle: string;
  /** The whole environment of the process; nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  readonly nodeArguments: readonly string[];
  readonly onLogLine: (line: string) => void;
}

/** One process with one function loaded: what Lambda calls an execution environment. */
export interface LambdaProcess {
  /** Runs the function once; never two at a time. After a failed invocation the process is gone. */
  run(functionArn: string, event: unknown, timeoutMs: number): Promise<Invocation>;
  readonly alive: boolean;
  kill(): void;
  /** Resolves when the process has ended and all its output is read. */
  readonly closed: Promise<void>;
}

type Answer = RuntimeMessage | 'ended' | 'late';

export function startLambdaProcess({ bundle, environment, nodeArguments, onLogLine }: ProcessOptions): LambdaProcess {
  const child = fork(join(import.meta.dirname, 'lambda-runtime.ts'), [bundle], {
    execArgv: [...nodeArguments],
    env: { ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let alive = true;
  let ended = false;
  const log: string[] = [];
  let waiting: ((answer: Answer) => void) | undefined;

  const addLine = (line: string) => {
    log.push(line);
    onLogLine(line);
  };
  const outputs = [child.stdout, child.stderr].flatMap((stream) => (stream ? [followOutput(stream, addLine)] : []));

  const closed = new Promise<void>((resolve) => {
    child.once('close', resolve);
    child.once('error', (error) => {
      addLine(`The process of the function did not start: ${error.message}`);
      resolve();
    });
  }).then(() => {
    alive = false;
    ended = true;
    waiting?.('ended');
  });

  function kill(): void {
    alive = false;
    child.kill('SIGKILL');
  }

  // A failure that nobody waits for happened after the answer; the process is not to be trusted with another event.
  child.on('message', (message) => {
    if (!isRuntimeMessage(message)) return;
    if (waiting) waiting(message);
    else kill();
  });

  function answerWithin(limitMs: number): Promise<Answer> {
    return new Promise((resolve) => {
      const settle = (answer: Answer) => {
        clearTimeout(timer);
        waiting = undefined;
        resolve(answer);
      };
      const timer = setTimeout(settle, limitMs, 'late');
      if (ended) settle('ended');
      else waiting = settle;
    });
  }

  let init: Promise<Answer> | undefined = answerWithin(INIT_LIMIT_MS);

  async function answerTo(message: Omit<InvokeMessage, 'deadline'>, timeoutMs: number): Promise<RuntimeMessage> {
    const { requestId } = message;
    if (init) {
      const loaded = await init;
      init = undefined;
      if (loaded === 'late') return timedOut(requestId, INIT_LIMIT_MS);
      if (loaded === 'ended') return exited(requestId);
      if (loaded.kind !== 'ready') return loaded;
    }
    const answer = answerWithin(timeoutMs);
    // If it cannot be sent, the process has ended, and that is the answer.
    if (child.connected) child.send({ ...message, deadline: Date.now() + timeoutMs } satisfies InvokeMessage, () => {});
    const given = await answer;
    if (given === 'late') return timedOut(requestId, timeoutMs);
    return given === 'ended' ? exited(requestId) : given;
  }

  function timedOut(requestId: string, limitMs: number): RuntimeMessage {
    const seconds = (limitMs / 1000).toFixed(2);
    const errorMessage = `${new Date().toISOString()} ${requestId} Task timed out after ${seconds} seconds`;
    addLine(errorMessage);
    return failed('Sandbox.Timedout', errorMessage);
  }

  function exited(requestId: string): RuntimeMessage {
    const { exitCode, signalCode } = child;
    const how = signalCode === null ? `exit status ${exitCode}` : `signal: ${SIGNAL_WORDS[signalCode] ?? signalCode}`;
    const why = exitCode === 0 ? 'Runtime exited without providing a reason' : `Runtime exited with error: ${how}`;
    return failed('Runtime.ExitError', `RequestId: ${requestId} Error: ${why}`);
  }

  return {
    get alive() {
      return alive;
    },
    closed,
    kill,
    async run(functionArn, event, timeoutMs) {
      const requestId = randomUUID();
      const began = performance.now();
      const written = outputs.map((output) => output.until(endOfOutput(requestId)));
      const answer = await answerTo({ requestId, functionArn, event, traceId: newTraceId() }, timeoutMs);
      const durationMs = performance.now() - began;
      if (answer.kind === 'returned') {
        await Promise.all(written);
        return { durationMs, log: log.splice(0), outcome: 'returned', payload: answer.payload };
      }
      kill();
      await closed;
      const error = answer.kind === 'failed' ? answer.error : OUT_OF_TURN;
      return { durationMs, log: log.splice(0), outcome: 'failed', error };
    },
  };
}

const SIGNAL_WORDS: Readonly<Record<string, string>> = { SIGKILL: 'killed', SIGTERM: 'terminated' };

const OUT_OF_TURN: FunctionError = { errorType: 'Runtime.Unknown', errorMessage: 'Answered out of turn', trace: [] };

function failed(errorType: string, errorMessage: string): RuntimeMessage {
  return { kind: 'failed', error: { errorType, errorMessage, trace: [] } };
}

function newTraceId(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')};Sampled=0`;
}

/** Cuts a stream into lines; `until` resolves when the mark has come by, or the stream has ended. */
function followOutput(stream: Readable, addLine: (line: string) => void) {
  let rest = '';
  let mark: string | undefined;
  let marked: () => void = () => {};
  const addLines = (text: string) => {
    const lines = text.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) addLine(line);
  };
  const addRest = () => {
    if (rest !== '') addLine(rest);
    rest = '';
  };
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const text = rest + chunk;
    const end = mark === undefined ? -1 : text.indexOf(mark);
    if (mark === undefined || end === -1) return addLines(text);
    addLines(text.slice(0, end));
    addRest();
    addLines(text.slice(end + mark.length));
    marked();
  });
  stream.on('close', () => {
    addRest();
    marked();
  });
  return {
    until: (text: string) =>
      new Promise<void>((resolve) => {
        mark = text;
        marked = resolve;
        if (stream.destroyed) resolve();
      }),
  };
}

function isRuntimeMessage(message: unknown): message is RuntimeMessage {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return false;
  return ['ready', 'returned', 'failed'].includes(String(message.kind));
}
