import { once } from 'node:events';
import { parseArgs, styleText } from 'node:util';
import { DescribeSecretCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { build } from '../build.ts';
import { mariadbMissing } from './databases/mariadb-binaries.ts';
import { startMariadb } from './databases/mysql-server.ts';
import { startPostgres } from './databases/postgres-server.ts';
import type { Demonstration } from './demonstrations/demonstration.ts';
import { demonstrations } from './demonstrations/index.ts';
import { freePort } from './free-port.ts';
import { fakeDatadog } from './issuers/datadog.ts';
import { startDedicatedUser, startStandIns } from './issuers/stand-ins.ts';
import { functionArn, LOCAL_CREDENTIALS, type LocalStack, REGION, startLocalStack } from './local-stack.ts';
import { narrateStep, pictureOfStages, say } from './narration.ts';

const USAGE = 'Usage: npm start [-- --once] [-- --port 4566] [-- --ms-per-day 2000]';

const { once: onlyOnce, port, millisecondsPerDay } = readArguments();
await build();
say();
const postgres = await startPostgres();
const withoutMariadb = mariadbMissing();
const mariadb = withoutMariadb === undefined ? await startMariadb() : undefined;
const datadog = fakeDatadog();
const issuers = await startStandIns([datadog]);
const user = await startDedicatedUser('demo-app');
const stack = await startLocalStack({
  environment: { ...issuers.environment, ...user.environment },
  port: port ?? (await freePort(onlyOnce ? 0 : 4566)),
  millisecondsPerDay,
  retryDelayMs: 100,
});
const shown = demonstrations(stack.client, { postgres, mariadb, issuers, datadog, user });
let failures = 0;
try {
  say(`Secrets Manager  ${stack.service.endpoint}`);
  say(`PostgreSQL       ${postgres.host}:${postgres.port}`);
  say(`Issuers of keys  https://${issuers.host}, ${user.iam.endpoint}`);
  say(`MariaDB          ${mariadb ? `${mariadb.host}:${mariadb.port}` : `not shown: ${withoutMariadb}`}`);
  for (const demonstration of shown) {
    if (!(await demonstrate(demonstration, stack))) failures += 1;
  }
  say();
  say(
    failures === 0
      ? styleText('green', 'Every rotation succeeded.')
      : styleText('red', `${failures} of the rotations above failed.`),
  );
  if (!onlyOnce) await keepRotating(stack);
} finally {
  await stack.close();
  for (const demonstration of shown) await demonstration.cleanUp?.();
  await user.iam.close();
  await issuers.close();
  await mariadb?.stop();
  await postgres.stop();
}
process.exitCode = failures === 0 ? 0 : 1;

async function demonstrate(demonstration: Demonstration, { service, client }: LocalStack): Promise<boolean> {
  const { secretId } = demonstration;
  await demonstration.prepare();
  say();
  say(`${styleText('bold', secretId)}: ${demonstration.about}`);
  await showStages('before');
  const stopListening = service.onProgress((progress) => {
    if (progress.rotation.secretName !== secretId || progress.kind !== 'step-ended') return;
    say(...narrateStep(progress.step, progress.invocation));
  });
  await client.send(
    new RotateSecretCommand({
      SecretId: secretId,
      RotationLambdaARN: functionArn(demonstration.function),
      RotationRules: { AutomaticallyAfterDays: 30 },
    }),
  );
  await service.settled();
  stopListening();
  await showStages('after');
  if (service.results.at(-1)?.outcome !== 'succeeded') return false;
  const proofs = await demonstration.prove();
  for (const { claim, holds } of proofs) say(`  ${holds ? styleText('green', '✓') : styleText('red', '✗')} ${claim}`);
  return proofs.every(({ holds }) => holds);

  async function showStages(title: string): Promise<void> {
    const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId: secretId }));
    say(...pictureOfStages(title, new Map(Object.entries(VersionIdsToStages))));
  }
}

/** Until Ctrl-C: rotates what is due, and says so in a line each. */
async function keepRotating({ service }: LocalStack): Promise<void> {
  const timer = setInterval(() => service.runDue(), millisecondsPerDay / 2);
  service.onProgress((progress) => {
    const at = new Date().toLocaleTimeString();
    if (progress.kind === 'step-ended' && progress.invocation.outcome === 'failed') {
      say(...narrateStep(progress.step, progress.invocation));
    }
    if (progress.kind === 'ended') say(`${at}  ${progress.rotation.secretName}  rotation ${progress.result.outcome}`);
  });
  say();
  say(
    `Everything stays up until Ctrl-C. Each secret rotates every 30 days; a day passes in ${millisecondsPerDay / 1_000} s here. In another terminal:`,
  );
  say();
  say(
    `  export AWS_ENDPOINT_URL=${service.endpoint} AWS_REGION=${REGION} AWS_DEFAULT_REGION=${REGION} AWS_ACCESS_KEY_ID=${LOCAL_CREDENTIALS.accessKeyId} AWS_SECRET_ACCESS_KEY=${LOCAL_CREDENTIALS.secretAccessKey}`,
  );
  say('  aws secretsmanager list-secrets');
  say('  aws secretsmanager rotate-secret --secret-id demo/postgres-app');
  say('  aws secretsmanager get-secret-value --secret-id demo/postgres-app');
  say('  npm run replay -- events/rotation.json --function postgres-single-user');
  say();
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  clearInterval(timer);
  say('Stopping.');
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        once: { type: 'boolean', default: false },
        port: { type: 'string' },
        // So that a schedule of 30 days can be watched.
        'ms-per-day': { type: 'string', default: '2000' },
      },
    });
    const { once, port } = values;
    return {
      once,
      port: port === undefined ? undefined : wholeNumber('--port', port, 0, 65_535),
      millisecondsPerDay: wholeNumber('--ms-per-day', values['ms-per-day'], 50, 86_400_000),
    };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new Error(`${flag} must be a whole number from ${least} to ${most}.`);
}
