/**
 * The inside of one function's process: loads the bundle, answers one event at a time, and reports errors as Lambda's
 * Node.js runtime does (https://github.com/aws/aws-lambda-nodejs-runtime-interface-client). Started by
 * lambda-process.ts with the bundle's path as its only argument; events come over the IPC channel.
 */
import { pathToFileURL } from 'node:url';
import { isNativeError } from 'node:util/types';

export type InvokeMessage = {
  readonly requestId: string;
  readonly functionArn: string;
  readonly traceId: string;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly event: unknown;
};

export type FunctionError = {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
};

export type RuntimeMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'returned'; readonly payload: unknown }
  | { readonly kind: 'failed'; readonly error: FunctionError };

/** Stands in both output streams behind all that an invocation wrote, if it returned. */
export function endOfOutput(requestId: string): string {
  return `\u0000end of ${requestId}\u0000`;
}

class RuntimeFault extends Error {
  constructor(name: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = `Runtime.${name}`;
  }
}

type Handler = (event: unknown, context: object) => unknown;

let requestId = 'init';

async function start(bundle: string): Promise<void> {
  // Without its host nobody would ever stop this process.
  process.on('disconnect', () => process.exit(1));
  process.on('uncaughtException', (error) => report('Uncaught Exception', error));
  process.on('unhandledRejection', (reason) => {
    report(
      'Unhandled Promise Rejection',
      new RuntimeFault('UnhandledPromiseRejection', String(reason), { cause: reason }),
    );
  });
  const handler = await load(bundle);
  process.on('message', (message: InvokeMessage) => void answer(handler, message));
  tellHost({ kind: 'ready' });
}

async function load(bundle: string): Promise<Handler> {
  const loaded: { readonly handler?: unknown } = await import(pathToFileURL(bundle).href);
  const { handler } = loaded;
  if (typeof handler !== 'function') {
    throw new RuntimeFault('HandlerNotFound', 'index.handler is undefined or not exported');
  }
  return (event, context) => handler(event, context);
}

async function answer(handler: Handler, message: InvokeMessage): Promise<void> {
  requestId = message.requestId;
  process.env['_X_AMZN_TRACE_ID'] = message.traceId;
  try {
    const payload = toJson(await handler(message.event, contextOf(message)));
    // Pipes are written synchronously on POSIX systems, so the marks really are the last thing in both streams.
    process.stdout.write(endOfOutput(requestId));
    process.stderr.write(endOfOutput(requestId));
    tellHost({ kind: 'returned', payload });
  } catch (error) {
    report('Invoke Error', error);
  }
}

function contextOf({ requestId: awsRequestId, functionArn, deadline }: InvokeMessage): object {
  const { env } = process;
  return {
    awsRequestId,
    invokedFunctionArn: functionArn,
    functionName: env['AWS_LAMBDA_FUNCTION_NAME'],
    functionVersion: env['AWS_LAMBDA_FUNCTION_VERSION'],
    memoryLimitInMB: env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'],
    logGroupName: env['AWS_LAMBDA_LOG_GROUP_NAME'],
    logStreamName: env['AWS_LAMBDA_LOG_STREAM_NAME'],
    clientContext: undefined,
    identity: undefined,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

/** The service sees the answer as JSON, and nothing at all as null. */
function toJson(value: unknown): unknown {
  try {
    return value === undefined ? null : JSON.parse(JSON.stringify(value));
  } catch (cause) {
    throw new RuntimeFault('MarshalError', 'Unable to stringify response body', { cause });
  }
}

function report(what: string, error: unknown): void {
  process.stderr.write(`${new Date().toISOString()}\t${requestId}\tERROR\t${what} \t${errorAsJson(error)}\n`);
  tellHost({ kind: 'failed', error: toFunctionError(error) });
}

/** Lambda logs all enumerable properties; `cause` is added, since a later runtime may well print it too. */
function errorAsJson(error: unknown): string {
  const seen = new Set<unknown>();
  try {
    return JSON.stringify(error instanceof Error ? error : new Error(String(error)), (_key, value: unknown) => {
      if (!(value instanceof Error)) return value;
      if (seen.has(value)) return '[Circular]';
      seen.add(value);
      const { name: errorType, message: errorMessage, cause, stack } = value;
      return { errorType, errorMessage, ...value, ...(cause !== undefined && { cause }), stack: stack?.split('\n') };
    });
  } catch {
    return JSON.stringify(toFunctionError(error));
  }
}

function toFunctionError(error: unknown): FunctionError {
  if (!isNativeError(error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}

function tellHost(message: RuntimeMessage): void {
  process.send?.(message);
}

const [, script, bundle] = process.argv;
if (import.meta.main && script !== undefined && bundle !== undefined) {
  await start(bundle).catch((error: unknown) => report('Uncaught Exception', error));
}
