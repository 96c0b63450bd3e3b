import { existsSync } from 'node:fs';
import { styleText } from 'node:util';
import { DescribeSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { build } from '../build.ts';
import type { Invocation } from '../local/invocation.ts';
import { startLambdaHost } from '../local/lambda-host.ts';
import { distFolder, functionEnvironment, localClient } from '../local/local-stack.ts';
import { narrateStep, pictureOfStages, say } from '../local/narration.ts';
import { type ReplayArguments, readArguments, USAGE, UsageError } from './replay-arguments.ts';
import { type Seeded, seedSecret } from './seeded-secret.ts';

try {
  const wanted = await readArguments(process.argv.slice(2));
  await build({ only: wanted.functionName });
  if (!existsSync(`${distFolder()}/${wanted.functionName}/index.mjs`)) {
    throw new UsageError(`There is no function ${wanted.functionName}: name a folder of functions/.`);
  }
  process.exitCode = (await replay(wanted)) ? 0 : 1;
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}

/** Sends the events one by one until one fails, and shows what each did. */
async function replay(wanted: ReplayArguments): Promise<boolean> {
  const seeded = wanted.endpoint === undefined ? await seedSecret(wanted) : undefined;
  const endpoint = wanted.endpoint ?? seeded?.endpoint ?? '';
  const client = localClient(endpoint);
  const host = startLambdaHost({
    dist: distFolder(),
    timeoutMs: wanted.timeoutMs,
    functionEnvironment: () => ({
      ...functionEnvironment(endpoint, seeded?.region ?? regionOf(wanted.events[0])),
      ...seeded?.environment,
      ...wanted.environment,
    }),
  });
  try {
    if (seeded) await bringUpTo(seeded, wanted);
    for (const event of wanted.events) {
      const secretId = textField(event, 'SecretId');
      await showStages(client, 'before', secretId);
      const invocation = await host.invoke(wanted.functionName, event);
      say(...narrateStep(textField(event, 'Step') ?? 'event', invocation));
      showLog(invocation);
      await showStages(client, 'after', secretId);
      if (invocation.outcome === 'failed') return false;
    }
    return true;
  } finally {
    client.destroy();
    await host.close();
    await seeded?.close();
  }

  /** A lone later step finds what the steps before it would have left. */
  async function bringUpTo({ stepsBefore }: Seeded, { functionName }: ReplayArguments): Promise<void> {
    for (const event of stepsBefore) {
      const invocation = await host.invoke(functionName, event);
      if (invocation.outcome === 'returned') continue;
      throw new UsageError(`The secret could not be brought to that step: ${invocation.error.errorMessage}`);
    }
    const names = stepsBefore.map(({ Step }) => Step).join(', ');
    if (names !== '') say(styleText('dim', `  seeded a secret, and ran ${names} on it first`));
  }
}

async function showStages(client: SecretsManagerClient, title: string, SecretId: string | undefined): Promise<void> {
  try {
    const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
    say(...pictureOfStages(title, new Map(Object.entries(VersionIdsToStages))));
  } catch (error) {
    say(`  ${title.padEnd(8)} ${error instanceof Error ? error.message : error}`);
  }
}

function showLog({ log }: Invocation): void {
  for (const line of log) say(styleText('dim', `      ${line}`));
}

/** Of the secret's ARN; the usual one where the event gives a name. */
function regionOf(event: unknown): string | undefined {
  return /^arn:[\w-]+:secretsmanager:([\w-]+):/.exec(textField(event, 'SecretId') ?? '')?.[1];
}

function textField(event: unknown, name: string): string | undefined {
  if (typeof event !== 'object' || event === null) return undefined;
  const value = new Map<string, unknown>(Object.entries(event)).get(name);
  return typeof value === 'string' ? value : undefined;
}
