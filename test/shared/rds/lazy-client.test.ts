import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { packageOf } from '../../../build/package-of.ts';
import { build } from '../../../build.ts';
import { startLambdaHost } from '../../../local/lambda-host.ts';
import { startFakeRds } from './fake-rds.ts';

const RDS = new URL('../../../shared/rds/rds.ts', import.meta.url).pathname;

it('the client of the RDS API is beside the bundle, and loaded when a function asks for a place', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lazy-client-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const dist = join(folder, 'dist');
  await mkdir(join(folder, 'functions', 'one'), { recursive: true });
  await writeFile(
    join(folder, 'functions', 'one', 'handler.ts'),
    `import { rds } from ${JSON.stringify(RDS)};
     export const handler = async (event: { dbInstanceIdentifier?: string }) => {
       const here = rds({ signal: new AbortController().signal });
       if (event.dbInstanceIdentifier === undefined) return await here.sameDatabase('one.example.com', 'two.example.com');
       return await here.locate({ dbInstanceIdentifier: event.dbInstanceIdentifier });
     };`,
  );
  const [bundle] = await build({ functions: join(folder, 'functions'), dist });
  const packages = new Set([...(bundle?.sources.keys() ?? [])].map(packageOf));
  expect(packages).toContain('@aws-sdk/client-rds');
  expect(packages).not.toContain('@aws-sdk/credential-provider-node');
  expect(bundle?.lazyBytes).toBeGreaterThan(50_000);
  const chunk = (await readdir(join(dist, 'one'))).filter((file) => /^rds-api-\w{8}\.mjs$/.test(file));
  expect(chunk).toHaveLength(1);

  const fake = await startFakeRds();
  onTestFinished(() => fake.close());
  const address = 'db1.abc123.eu-west-1.rds.amazonaws.com';
  fake.instances = [{ id: 'db1', address }];
  const host = startLambdaHost({
    dist,
    environment: {
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIDONE',
      AWS_SECRET_ACCESS_KEY: 'secret-one',
      AWS_ENDPOINT_URL_RDS: fake.endpoint,
    },
  });
  onTestFinished(() => host.close());
  expect(await host.invoke('one', { dbInstanceIdentifier: 'db1' })).toMatchObject({
    outcome: 'returned',
    payload: { host: address, port: 5432, engine: 'postgres' },
  });

  // Without the chunk the same bundle answers what the names alone can tell.
  host.kill();
  await rm(join(dist, 'one', chunk[0] ?? ''));
  expect(await host.invoke('one', {})).toMatchObject({ outcome: 'returned', payload: { kind: 'different' } });
  expect(await host.invoke('one', { dbInstanceIdentifier: 'db1' })).toMatchObject({ outcome: 'failed' });
});
