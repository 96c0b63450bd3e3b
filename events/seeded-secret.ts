import { randomUUID } from 'node:crypto';
import { startSecretsManager } from '../local/secrets-manager/server.ts';
import { parseEvent, STEPS } from '../shared/rotation/event.ts';
import { type ReplayArguments, UsageError } from './replay-arguments.ts';
import { type Seed, seedFor } from './seeds.ts';

/** A local Secrets Manager with the secret that the events name, as it stands when the first of them arrives. */
export interface Seeded {
  readonly endpoint: string;
  /** That of the first event's ARN. */
  readonly region: string;
  /** What the function has to find in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The events that the service would have sent before the first one. */
  readonly stepsBefore: readonly { readonly Step: string }[];
  close(): Promise<void>;
}

/** An ARN of a secret: region, account, name, and the six characters that end it. */
const SECRET_ARN = /^arn:aws[\w-]*:secretsmanager:([\w-]+):(\d{12}):secret:(.+)-(\w{6})$/;

/** @throws UsageError if nothing is known to store in a secret for that function */
export async function seedSecret({ events, functionName, secretString }: ReplayArguments): Promise<Seeded> {
  const first = parsed(events[0]);
  const [, region = 'us-east-1', accountId = '123456789012', name, suffix] =
    SECRET_ARN.exec(first?.secretId ?? '') ?? [];
  const seed: Seed =
    secretString === undefined ? await makeSeed(functionName) : { secretString, close: async () => {} };
  const service = await startSecretsManager({ region, accountId, ...(suffix && { arnSuffix: () => suffix }) });
  const secretId =
    name ?? (first?.secretId.startsWith('arn:') ? 'replay/example' : first?.secretId) ?? 'replay/example';
  const secret = service.store.create(secretId, {}, randomUUID(), { SecretString: seed.secretString });
  for (const [other, text] of seed.otherSecrets?.(secret.arn) ?? []) {
    service.store.create(other, {}, randomUUID(), { SecretString: text });
  }
  if (first) secret.versions.stagePending(first.token, undefined, new Date());
  const before = first ? STEPS.slice(0, STEPS.indexOf(first.step)) : [];
  return {
    endpoint: service.endpoint,
    region,
    environment: seed.environment ?? {},
    stepsBefore: first ? before.map((Step) => ({ Step, SecretId: secret.arn, ClientRequestToken: first.token })) : [],
    async close() {
      await service.close();
      await seed.close();
    },
  };
}

async function makeSeed(functionName: string): Promise<Seed> {
  const seed = seedFor(functionName);
  if (seed) return await seed();
  throw new UsageError(`There is no sample secret for ${functionName}: give its first value with --secret FILE.`);
}

/** An event that the function will refuse is sent all the same: that is what a person replays it for. */
function parsed(event: unknown) {
  try {
    return parseEvent(event);
  } catch {
    return undefined;
  }
}
