import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  RotateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, describe, expect, it, type TaskMeta } from 'vitest';
import { build } from '../../build.ts';
import { functionArn, type LocalStack, startLocalStack } from '../../local/local-stack.ts';
import { type CrashPoint, type CrashPointCounts, Effects } from '../support/effects.ts';
import { secretsManagerProxy } from '../support/secrets-manager-proxy.ts';

declare module 'vitest' {
  interface TaskMeta {
    crashPoints?: CrashPointCounts;
  }
}

/** What a function rotates, for the crash suite. */
export interface CrashSubject {
  /** Of the secret that is rotated. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Puts whatever counts the target's effects in place. Called once. */
  start(effects: Effects): Promise<void>;
  /** What the function's environment says of the target. Asked after `start`. */
  environment?(): Readonly<Record<string, string>>;
  /** A new target; returns the first value of its secret. `store` keeps another secret, and returns its ARN. */
  newSecret(store: (value: string) => Promise<string>): Promise<string>;
  /** Told of the secret once it is there; `store` keeps another secret under a name. */
  created?(secretArn: string, store: (value: string, name: string) => Promise<string>): Promise<void>;
  /** Whether the target accepts this value of the secret now. */
  accepts(secretString: string): Promise<boolean>;
  /** Told when the function has died, before anything is repeated. */
  died?(): void;
  /** An error besides NoWorkingPassword that a new token may meet; `follow` does what its message says. */
  readonly wayOut?: { readonly error: string; follow(message: string): void };
  /** What must be true besides, after a rotation; `previous` is AWSPREVIOUS. */
  check?(current: string, previous: string): Promise<void>;
  stop(): Promise<void>;
}

interface Version {
  readonly id: string;
  readonly stages: readonly string[];
  readonly text: string | undefined;
}

/**
 * What every rotation function must survive: being killed before and after each of its outbound effects. The points are
 * those that a clean run passes, so that a new effect is covered without anyone remembering.
 */
export function survivesCrashes(functionName: string, subject: CrashSubject, title = functionName): void {
  describe(`${title}, killed at each of its effects`, () => {
    let stack: LocalStack;
    let effects: Effects;
    let proxy: Awaited<ReturnType<typeof secretsManagerProxy>>;
    let atDeath: () => Promise<void> = async () => {};
    /** What AWSPENDING held when the function died, and the secrets of which no staged value worked then. */
    let candidatesAtDeath: readonly string[] = [];
    const lockedOut: string[] = [];

    beforeAll(async () => {
      await build();
      effects = new Effects(async () => {
        stack.functions.kill();
        await atDeath();
        subject.died?.();
      });
      proxy = await secretsManagerProxy(() => stack.service.endpoint, effects);
      await subject.start(effects);
    });

    afterEach(() => stack.close());

    afterAll(async () => {
      await proxy.close();
      await subject.stop();
    });

    it('converges when the service repeats the whole rotation with the same token', async ({ task }) => {
      stack = await startStack({ retries: 1 });
      await atEachPoint(task, async (point) => {
        const secret = await newSecret();
        const token = randomUUID();
        await rotate(secret, token, point);

        const versions = versionsOf(secret);
        expect(outcome(), told(point)).toBe('succeeded');
        expect(versions, told(point)).toHaveLength(2);
        const current = versions.find(({ stages }) => stages.includes('AWSCURRENT'));
        expect(current?.id, told(point)).toBe(token);
        expect(await subject.accepts(current?.text ?? ''), told(point)).toBe(true);
        expect(
          candidatesAtDeath.every((text) => text === current?.text),
          told(point),
        ).toBe(true);
        expect(lockedOut, told(point)).toEqual([]);
        await checkMore(secret);
      });
    }, 300_000);

    it('converges with a new token once AWSPENDING was cleared by hand, or names the way out', async ({ task }) => {
      stack = await startStack({ retries: 0 });
      await atEachPoint(task, async (point) => {
        const secret = await newSecret();
        const [token, newToken] = [randomUUID(), randomUUID()];
        await rotate(secret, token, point);
        await clearPending(secret);
        const before = versionsOf(secret);

        await rotate(secret, newToken);

        if (subject.wayOut && outcome().includes(`: ${subject.wayOut.error}: `)) {
          subject.wayOut.follow(outcome());
          await rotate(secret, newToken);
        } else if (outcome() !== 'succeeded') {
          expect(outcome(), told(point)).toMatch(/: NoWorkingPassword: /);
          await nothingHasChanged(before, secret, point);
          await followTheError(secret, point);
          await rotate(secret, newToken);
        }
        expect(outcome(), told(point)).toBe('succeeded');
        const current = versionsOf(secret).find(({ stages }) => stages.includes('AWSCURRENT'));
        expect(current?.id, told(point)).toBe(newToken);
        expect(await subject.accepts(current?.text ?? ''), told(point)).toBe(true);
        await checkMore(secret);
      });
    }, 300_000);

    /** One after the other. How many there are and how many were survived is told to whoever reads the report. */
    async function atEachPoint(
      task: { readonly meta: TaskMeta },
      survive: (point: CrashPoint) => Promise<void>,
    ): Promise<void> {
      const points = await crashPoints();
      const counts = { all: points.length, survived: 0 };
      task.meta.crashPoints = counts;
      for (const point of points) {
        await survive(point);
        counts.survived++;
      }
    }

    async function checkMore(secret: string): Promise<void> {
      const versions = versionsOf(secret);
      const text = (label: string) => versions.find(({ stages }) => stages.includes(label))?.text ?? '';
      await subject.check?.(text('AWSCURRENT'), text('AWSPREVIOUS'));
    }

    function startStack({ retries }: { retries: number }): Promise<LocalStack> {
      const AWS_ENDPOINT_URL_SECRETS_MANAGER = `http://127.0.0.1:${proxy.port}`;
      return startLocalStack({
        environment: { ...subject.environment?.(), AWS_ENDPOINT_URL_SECRETS_MANAGER },
        retries,
        retryDelayMs: 0,
      });
    }

    /** Both sides of every effect of a clean rotation. */
    async function crashPoints(): Promise<readonly CrashPoint[]> {
      const secret = await newSecret();
      await rotate(secret, randomUUID());
      expect(outcome()).toBe('succeeded');
      return effects.names.flatMap((_, effect) => [
        { effect, when: 'before' as const },
        { effect, when: 'after' as const },
      ]);
    }

    async function newSecret(): Promise<string> {
      const store = async (SecretString: string, Name: string, tags: CrashSubject['tags'] = {}): Promise<string> => {
        const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
        return (await stack.client.send(new CreateSecretCommand({ Name, SecretString, Tags }))).ARN ?? '';
      };
      const newName = () => `crash/${randomUUID()}`;
      const ARN = await store(await subject.newSecret((value) => store(value, newName())), newName(), subject.tags);
      await subject.created?.(ARN, store);
      candidatesAtDeath = [];
      atDeath = () => inspect(ARN);
      return ARN;
    }

    /** One attempt of a rotation, killed at the point if one is given. */
    async function rotate(secret: string, token: string, point?: CrashPoint): Promise<void> {
      effects.arm(point);
      const request = { SecretId: secret, ClientRequestToken: token, RotationLambdaARN: functionArn(functionName) };
      await stack.client.send(new RotateSecretCommand(request));
      await stack.service.settled();
      expect(effects.killed).toBe(true);
    }

    /** `succeeded`, or how the last rotation failed. */
    function outcome(): string {
      const { outcome, failure } = stack.service.results.at(-1) ?? { outcome: 'none' };
      return failure ? `${outcome} in ${failure.step}: ${failure.reason}` : outcome;
    }

    /** At the moment of death: some version with a staging label must work, so that a client that asks can log in. */
    async function inspect(secret: string): Promise<void> {
      const staged = versionsOf(secret).filter(({ stages, text }) => stages.length > 0 && text !== undefined);
      candidatesAtDeath = staged.filter(({ stages }) => stages.includes('AWSPENDING')).map(({ text = '' }) => text);
      const working = await Promise.all(staged.map(({ text = '' }) => subject.accepts(text)));
      if (!working.includes(true)) lockedOut.push(secret);
    }

    async function clearPending(SecretId: string): Promise<void> {
      const { VersionIdsToStages = {} } = await stack.client.send(new DescribeSecretCommand({ SecretId }));
      for (const [RemoveFromVersionId, stages] of Object.entries(VersionIdsToStages)) {
        if (!stages.includes('AWSPENDING')) continue;
        await stack.client.send(
          new UpdateSecretVersionStageCommand({ SecretId, VersionStage: 'AWSPENDING', RemoveFromVersionId }),
        );
      }
    }

    async function nothingHasChanged(before: readonly Version[], secret: string, point: CrashPoint): Promise<void> {
      const after = new Map(versionsOf(secret).map((version) => [version.id, version]));
      for (const version of before) {
        expect(after.get(version.id), told(point)).toEqual(version);
        const worked = version.stages.length === 0;
        expect(await subject.accepts(version.text ?? ''), told(point)).toBe(worked);
      }
    }

    /** Runs the command that the error names, with the version that works. */
    async function followTheError(secret: string, point: CrashPoint): Promise<void> {
      const reason = stack.service.results.at(-1)?.failure?.reason ?? '';
      const [, stage, from] =
        /--version-stage (\w+) --move-to-version-id VERSION --remove-from-version-id ([\w-]+)/.exec(reason) ?? [];
      expect(stage, told(point)).toBeDefined();
      for (const { id, text } of versionsOf(secret)) {
        if (text === undefined || !(await subject.accepts(text))) continue;
        const move = { SecretId: secret, VersionStage: stage, MoveToVersionId: id, RemoveFromVersionId: from };
        await stack.client.send(new UpdateSecretVersionStageCommand(move));
      }
    }

    function versionsOf(secret: string): readonly Version[] {
      const { versions } = stack.service.store.find(secret);
      return versions.all().map(({ id, value }) => ({
        id,
        stages: versions.stagesOf(id),
        text: value === undefined ? undefined : 'SecretString' in value ? value.SecretString : value.SecretBinary,
      }));
    }

    function told({ effect, when }: CrashPoint): string {
      return `killed ${when} effect ${effect}`;
    }
  });
}
