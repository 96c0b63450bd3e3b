import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build } from '../../build.ts';
import type { Invocation } from '../../local/invocation.ts';
import { type LambdaHost, startLambdaHost } from '../../local/lambda-host.ts';
import { distFolder, functionEnvironment } from '../../local/local-stack.ts';
import { STEPS } from '../../shared/rotation/event.ts';
import { formsOf } from '../support/forms.ts';
import { type Protocol, startProtocol, type Value } from '../support/protocol.ts';

/** A rotation by a built bundle, in which values are planted that nobody may see. */
export interface LeakCase {
  readonly what: string;
  /** A folder of `functions/`. */
  readonly function: string;
  /** The current value and tags of the secret; `planted` holds what must not be seen. */
  secret(planted: string[]): SecretToLeak | Promise<SecretToLeak>;
  /** Told of the secret once it is there. */
  created?(arn: string, planted: string[]): void;
  /** A candidate that is staged by hand instead of the function's own. */
  candidate?(planted: string[]): string;
  /** More fields of each event. */
  event?(planted: string[]): Record<string, unknown>;
  /** What a reader of the error must find there; absent if no step fails. */
  readonly error?: RegExp;
  /** Where the function finds its Secrets Manager, if not at the well-behaved one. */
  endpoint?(): string;
  /** More of the function's environment. */
  environment?(): Readonly<Record<string, string>>;
}

export interface SecretToLeak {
  readonly value: Value;
  readonly tags?: readonly { readonly Key: string; readonly Value: string }[];
}

export interface LeakServers {
  start(protocol: Protocol): Promise<void>;
  stop(): Promise<void>;
}

/** A value that must not be seen: full of what breaks careless escaping, and never the same twice. */
export function plant(planted: string[], text = `Canary'"\\;%40 é€-${randomBytes(6).toString('hex')}`): string {
  planted.push(text);
  return text;
}

export function json(fields: Record<string, unknown>): SecretToLeak {
  return { value: JSON.stringify(fields) };
}

/** Nothing that is planted, or in a version of the secret, stands in what the function logs, measures or fails with. */
export function leaksNothing(cases: readonly LeakCase[], servers: LeakServers): void {
  describe.each([
    { level: 'as deployed', environment: {} },
    {
      level: 'at DEBUG, with the event logged',
      environment: { POWERTOOLS_LOG_LEVEL: 'DEBUG', POWERTOOLS_LOGGER_LOG_EVENT: 'true' },
    },
  ])('no secret value leaves a function, $level, when it', ({ environment }) => {
    let host: LambdaHost;
    let protocol: Protocol;
    let own: Readonly<Record<string, string>> = {};

    beforeAll(async () => {
      await build();
      protocol = await startProtocol();
      await servers.start(protocol);
      host = startLambdaHost({ dist: distFolder(), functionEnvironment: () => own, timeoutMs: 15_000 });
    });

    afterAll(async () => {
      await host.close();
      await servers.stop();
      await protocol.close();
    });

    it.each(cases)('$what', async (example) => {
      const planted: string[] = [];
      const { value, tags = [] } = await example.secret(planted);
      const secret = protocol.createSecret(value, tags);
      example.created?.(secret, planted);
      const token = protocol.beginRotation(secret);
      const staged = example.candidate?.(planted);
      if (staged !== undefined) protocol.stage(secret, token, staged);
      const endpoint = example.endpoint?.() ?? protocol.service.endpoint;
      own = { ...functionEnvironment(endpoint), ...environment, ...example.environment?.() };
      host.kill();

      const invocations: Invocation[] = [];
      for (const Step of STEPS) {
        const rotationToken = randomUUID();
        planted.push(rotationToken);
        const more = example.event?.(planted) ?? {};
        const event = { Step, SecretId: secret, ClientRequestToken: token, RotationToken: rotationToken, ...more };
        invocations.push(await host.invoke(example.function, event));
      }

      const seen = JSON.stringify(invocations, null, 1) + invocations.flatMap(({ log }) => log).join('\n');
      const secrets = [...planted, ...protocol.secretTexts(secret)];
      expect(secrets.flatMap(formsOf).filter((form) => seen.includes(form))).toEqual([]);
      const failed = invocations.filter(({ outcome }) => outcome === 'failed');
      expect(failed.length > 0).toBe(example.error !== undefined);
      const errors = failed.map(
        (invocation) => 'error' in invocation && `${invocation.error.errorType}: ${invocation.error.errorMessage}`,
      );
      if (example.error) expect(errors.join('\n')).toMatch(example.error);
    });
  });
}
