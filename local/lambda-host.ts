import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FunctionHost, Invocation } from './invocation.ts';
import { type LambdaProcess, startLambdaProcess } from './lambda-process.ts';

export interface LambdaHostOptions {
  /** The folder with `<function>/index.mjs`. */
  readonly dist: string;
  /** What every function finds in its environment, besides Lambda's own variables. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What this one function finds as well; asked when a process starts. */
  readonly functionEnvironment?: (functionName: string) => Readonly<Record<string, string>>;
  /** 30 000 unless given. */
  readonly timeoutMs?: number;
  /** 128 unless given; told to the function, not enforced. */
  readonly memorySizeInMB?: number;
  /** Arguments of Node itself, such as `--enable-source-maps`. */
  readonly nodeArguments?: readonly string[];
  readonly onLogLine?: (line: string, functionName: string) => void;
}

export interface LambdaHost extends FunctionHost {
  /** Kills every process at once, as a crash would. What was running is a failed invocation; the host stays usable. */
  kill(): void;
  /** Kills every process and waits for their end. Nothing can be invoked any more. */
  close(): Promise<void>;
}

const ACCOUNT = '123456789012';
const FUNCTION_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const FUNCTION_ARN = new RegExp(
  `^arn:aws[a-z-]*:lambda:(?<region>[a-z0-9-]+):${ACCOUNT}:function:(?<name>[A-Za-z0-9_-]{1,64})(?::[A-Za-z0-9$_-]+)?$`,
);

/**
 * Runs the built bundles as Lambda would: each in a process of its own, one invocation at a time, with an environment
 * of its own and a time limit. A process is kept for the next invocation until one fails or its bundle is rebuilt.
 */
export function startLambdaHost(options: LambdaHostOptions): LambdaHost {
  const { dist, timeoutMs = 30_000, nodeArguments = [] } = options;
  const running = new Set<LambdaProcess>();
  /** Processes without an invocation, by the version of the bundle that they have loaded. */
  const idle = new Map<string, LambdaProcess[]>();
  let closed = false;

  function start({ functionName, bundle, region }: Located): LambdaProcess {
    const process = startLambdaProcess({
      bundle,
      environment: environmentOf(functionName, bundle, region, options),
      nodeArguments,
      onLogLine: (line) => options.onLogLine?.(line, functionName),
    });
    running.add(process);
    void process.closed.then(() => running.delete(process));
    return process;
  }

  function takeWarm(version: string): LambdaProcess | undefined {
    const free = idle.get(version)?.filter((process) => process.alive) ?? [];
    const process = free.pop();
    idle.set(version, free);
    return process;
  }

  return {
    has: (functionArn) => locate(dist, functionArn) !== undefined,

    async invoke(functionArn, event): Promise<Invocation> {
      const found = closed ? undefined : locate(dist, functionArn);
      if (found === undefined) return notFound(functionArn);
      const process = takeWarm(found.version) ?? start(found);
      const invocation = await process.run(found.functionArn, event, timeoutMs);
      if (process.alive) idle.get(found.version)?.push(process);
      return invocation;
    },

    kill() {
      for (const process of running) process.kill();
    },

    async close() {
      closed = true;
      const processes = [...running];
      for (const process of processes) process.kill();
      await Promise.all(processes.map((process) => process.closed));
    },
  };
}

interface Located {
  readonly functionArn: string;
  readonly functionName: string;
  readonly region: string | undefined;
  readonly bundle: string;
  /** Another one after each build, so that no process with an old bundle is used again. */
  readonly version: string;
}

function locate(dist: string, nameOrArn: string): Located | undefined {
  const { region, name } = FUNCTION_ARN.exec(nameOrArn)?.groups ?? {};
  const functionName = name ?? nameOrArn;
  if (!FUNCTION_NAME.test(functionName)) return undefined;
  const bundle = join(dist, functionName, 'index.mjs');
  const file = statSync(bundle, { throwIfNoEntry: false });
  if (file === undefined) return undefined;
  const functionArn = name === undefined ? `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${functionName}` : nameOrArn;
  return { functionArn, functionName, region, bundle, version: `${functionName} ${file.ino} ${file.mtimeMs}` };
}

function notFound(functionArn: string): Invocation {
  const errorMessage = `Function not found: ${functionArn}`;
  return {
    outcome: 'failed',
    durationMs: 0,
    log: [],
    error: { errorType: 'ResourceNotFoundException', errorMessage, trace: [] },
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html: what may be set, and what is reserved. */
function environmentOf(
  functionName: string,
  bundle: string,
  arnRegion: string | undefined,
  { environment, functionEnvironment, memorySizeInMB = 128 }: LambdaHostOptions,
): Record<string, string> {
  const given = { ...environment, ...functionEnvironment?.(functionName) };
  const region = given['AWS_REGION'] ?? arnRegion ?? 'us-east-1';
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
  return {
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
    ...given,
    _HANDLER: 'index.handler',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memorySizeInMB),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `${day}/[$LATEST]${randomBytes(16).toString('hex')}`,
    LAMBDA_TASK_ROOT: dirname(bundle),
  };
}
