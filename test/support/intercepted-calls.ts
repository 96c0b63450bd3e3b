import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

export interface Call {
  /** Such as `PutSecretValue`. */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export type Around = <T>(call: Call, perform: () => Promise<T>) => Promise<T>;

/** From now on, `around` decides what becomes of each call that the client makes; the SDK's retries are one call. */
export function interceptCalls(client: SecretsManagerClient, around: Around): void {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) =>
        around({ operation: commandName.replace(/Command$/, ''), input: { ...args.input } }, () => next(args)),
    { step: 'initialize' },
  );
}

/** The calls that the client makes from now on. */
export function recordCalls(client: SecretsManagerClient): readonly Call[] {
  const calls: Call[] = [];
  interceptCalls(client, (call, perform) => {
    calls.push(call);
    return perform();
  });
  return calls;
}
