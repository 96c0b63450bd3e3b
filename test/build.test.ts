import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageOf } from '../build/package-of.ts';
import { type Bundle, build } from '../build.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'build-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** Runs a script in a Node of its own and returns what it prints. */
async function node(script: string, ...nodeArguments: string[]): Promise<string> {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [...nodeArguments, '--input-type=module', '--eval', script]);
  return stdout;
}

/** A project with one function, whose handler.ts is `source`. */
async function project(name: string, source: string): Promise<{ functions: string; dist: string }> {
  const functions = join(folder, name, 'functions');
  await mkdir(join(functions, 'one'), { recursive: true });
  await writeFile(join(functions, 'one', 'handler.ts'), source);
  return { functions, dist: join(folder, name, 'dist') };
}

describe('the bundles of the functions', () => {
  let bundles: readonly Bundle[] = [];

  beforeAll(async () => {
    bundles = await build({ dist: join(folder, 'real') });
  });

  const packages = ({ sources }: Bundle) => new Set([...sources.keys()].map(packageOf));

  it('are one for each folder of functions/', async () => {
    const folders = await readdir(new URL('../functions', import.meta.url));
    expect(bundles.map(({ functionName }) => functionName).toSorted()).toEqual(folders.toSorted());
    expect(bundles.length).toBeGreaterThan(0);
  });

  it('export a handler, and have a source map beside them', async () => {
    for (const { file } of bundles) {
      const script = `import { handler } from ${JSON.stringify(pathToFileURL(file).href)}; console.log(typeof handler);`;
      expect(await node(script)).toBe('function\n');
      expect(JSON.parse(await readFile(`${file}.map`, 'utf8'))).toMatchObject({ version: 3 });
    }
  });

  it('stay under 350 kB; those for MySQL, whose driver brings the arithmetic of ed25519 and parsec, under 440 kB', () => {
    const limit = (functionName: string) => (functionName.startsWith('mysql') ? 440_000 : 350_000);
    const tooLarge = bundles.filter(({ functionName, bytes }) => bytes > limit(functionName));
    expect(tooLarge.map(({ functionName, bytes }) => `${functionName}: ${bytes}`)).toEqual([]);
  });

  it('hold the PostgreSQL driver only where PostgreSQL is rotated', () => {
    for (const bundle of bundles) {
      expect(packages(bundle).has('pg'), bundle.functionName).toBe(bundle.functionName.startsWith('postgres-'));
    }
  });

  it.each([
    'pg-native',
    'pg-cloudflare',
    'pg-connection-string',
    'pg-pool',
    'pgpass',
    '@aws-sdk/credential-provider-node',
    '@aws-sdk/credential-provider-ini',
    '@aws-sdk/credential-provider-sso',
    '@aws-sdk/credential-provider-process',
    '@aws-sdk/credential-provider-web-identity',
    '@aws-sdk/credential-provider-http',
    '@aws-sdk/credential-provider-login',
    '@aws-sdk/nested-clients',
    '@aws-sdk/token-providers',
    '@smithy/credential-provider-imds',
    '@smithy/fetch-http-handler',
  ])('hold nothing of %s', (unused) => {
    expect(bundles.filter((bundle) => packages(bundle).has(unused))).toEqual([]);
  });

  it('hold an XML parser only where the RDS API or IAM is asked', () => {
    for (const bundle of bundles) {
      const asks = ['@aws-sdk/client-rds', '@aws-sdk/client-iam'].some((client) => packages(bundle).has(client));
      expect(packages(bundle).has('@aws-sdk/xml-builder'), bundle.functionName).toBe(asks);
    }
  });

  it('hold the clients of IAM and STS only where access keys are rotated', () => {
    for (const bundle of bundles) {
      for (const client of ['@aws-sdk/client-iam', '@aws-sdk/client-sts']) {
        expect(packages(bundle).has(client), bundle.functionName).toBe(bundle.functionName === 'iam-access-key');
      }
    }
  });

  it('hold a schema only where deployers declare issuers', () => {
    const holding = bundles.filter((bundle) => packages(bundle).has('zod'));
    expect(holding.map(({ functionName }) => functionName)).toEqual(['api-key']);
  });

  it('hold nothing of what stands in for AWS on this machine', () => {
    const local = bundles
      .flatMap(({ sources }) => [...sources.keys()])
      .filter((path) => /^(local|test|infra)\//.test(path));
    expect(local).toEqual([]);
  });

  it('load neither undici nor HTTP/2', async () => {
    for (const { file } of bundles) {
      const loaded = await node(
        `await import(${JSON.stringify(pathToFileURL(file).href)}); console.log(process.moduleLoadList.join('\\n'));`,
      );
      expect(loaded).toContain('NativeModule https');
      expect(loaded).not.toContain('NativeModule internal/deps/undici/undici');
      expect(loaded).not.toContain('NativeModule internal/http2/core');
    }
  });
});

describe('a build', () => {
  it('maps stack traces back to the source', async () => {
    const { functions, dist } = await project(
      'traced',
      `type Unused = string;\n\nexport const handler = (): void => {\n  throw new Error('here');\n};\n`,
    );
    const [bundle] = await build({ functions, dist });
    const script = `import { handler } from ${JSON.stringify(pathToFileURL(bundle?.file ?? '').href)};
      try { handler(); } catch (error) { console.log(error.stack); }`;
    expect(await node(script, '--enable-source-maps')).toMatch(/functions\/one\/handler\.ts:4:9/);
  });

  it('serves built-in modules however they are imported', async () => {
    const { functions, dist } = await project(
      'builtins',
      `import path, { sep } from 'node:path';
       import * as os from 'os';
       import { readFile } from 'node:fs/promises';
       export const handler = async (): Promise<unknown> => {
         const { createHash } = await import('node:crypto');
         return [path.sep === sep, os.EOL, typeof readFile, createHash('sha256').update('').digest('hex').length];
       };`,
    );
    const [bundle] = await build({ functions, dist });
    const script = `import { handler } from ${JSON.stringify(pathToFileURL(bundle?.file ?? '').href)};
      console.log(JSON.stringify(await handler()));`;
    expect(JSON.parse(await node(script))).toEqual([true, '\n', 'function', 64]);
  });

  it('never shows half a file to a reader, not even with another build at the same time', async () => {
    const large = `export const handler = () => ${JSON.stringify('x'.repeat(2_000_000))};`;
    const options = await project('whole', large);
    const [first] = await build(options);
    const whole = await readFile(first?.file ?? '', 'utf8');
    let building = true;
    const builds = Promise.all([build(options), build(options), build(options)]).finally(() => {
      building = false;
    });
    const partial: number[] = [];
    while (building) {
      const content = await readFile(first?.file ?? '', 'utf8');
      if (content !== whole) partial.push(content.length);
    }
    await builds;
    expect(partial).toEqual([]);
    expect((await readdir(join(options.dist, 'one'))).toSorted()).toEqual(['index.mjs', 'index.mjs.map']);
  });

  it('leaves the last good bundle in place when the source does not compile', async () => {
    const options = await project('broken', 'export const handler = 1;');
    const [bundle] = await build(options);
    const good = await readFile(bundle?.file ?? '', 'utf8');
    await project('broken', 'export const handler = ;');
    await expect(build(options)).rejects.toThrow('Unexpected ";"');
    expect(await readFile(bundle?.file ?? '', 'utf8')).toBe(good);
  });

  it('fails when a dependency no longer imports what the build leaves out', async () => {
    const options = await project('stale', `export { handler } from 'pg';`);
    const driver = join(folder, 'stale', 'node_modules', 'pg');
    await mkdir(driver, { recursive: true });
    await writeFile(join(driver, 'index.js'), 'export const handler = 1;');
    await expect(build(options)).rejects.toThrow('pg no longer imports ./native');
  });
});

describe('a part that is loaded lazily', () => {
  /** A project whose function loads `later.ts` when it is called, and shares `shared.ts` with it. */
  async function lazyProject(name: string) {
    const options = await project(
      name,
      `import { shared } from './shared.ts';
       export const handler = async () => [shared, (await import('./later.ts')).later === shared];`,
    );
    const folder = join(options.functions, 'one');
    await writeFile(join(folder, 'shared.ts'), `export const shared = { name: 'shared' };`);
    await setLater('1');
    return { options, built: join(options.dist, 'one'), setLater };

    async function setLater(value: string): Promise<void> {
      const source = `import { shared } from './shared.ts'; export const later = shared; export const value = ${value};`;
      await writeFile(join(folder, 'later.ts'), source);
    }
  }

  const chunks = async (built: string) => (await readdir(built)).filter((file) => /^later-\w{8}\.mjs$/.test(file));

  it('is a file of its own, which shares what both use with the bundle', async () => {
    const { options, built } = await lazyProject('lazy');
    const [bundle] = await build(options);
    const script = `import { handler } from ${JSON.stringify(pathToFileURL(bundle?.file ?? '').href)};
      console.log(JSON.stringify(await handler()));`;
    expect(JSON.parse(await node(script))).toEqual([{ name: 'shared' }, true]);
    expect(await chunks(built)).toHaveLength(1);
    const [chunk = ''] = await chunks(built);
    expect(bundle?.lazyBytes).toBe((await stat(join(built, chunk))).size);
    expect(JSON.parse(await readFile(join(built, `${chunk}.map`), 'utf8'))).toMatchObject({ version: 3 });
  });

  it('does not count where the code that loads it is not in the bundle', async () => {
    const options = await project('unused', `import { unused } from './unused.ts'; export const handler = 1;`);
    await writeFile(
      join(options.functions, 'one', 'unused.ts'),
      `export const unused = () => import('./handler.ts'); export default 1;`,
    );
    const [bundle] = await build(options);
    expect(bundle?.lazyBytes).toBe(0);
    expect((await readdir(join(options.dist, 'one'))).toSorted()).toEqual(['index.mjs', 'index.mjs.map']);
  });

  it('stays for whoever has loaded the bundle before, and goes with a later build', async () => {
    const { options, built, setLater } = await lazyProject('replaced');
    await build(options);
    const [first = ''] = await chunks(built);
    // Long in use when it falls out of it.
    const hourAgo = new Date(Date.now() - 3_600_000);
    await utimes(join(built, first), hourAgo, hourAgo);
    await setLater('2');
    await build(options);
    const both = await chunks(built);
    expect(both).toHaveLength(2);
    expect(both).toContain(first);

    await utimes(join(built, first), hourAgo, hourAgo);
    await utimes(join(built, `${first}.map`), hourAgo, hourAgo);
    await build(options);
    expect((await readdir(built)).filter((file) => file.startsWith(first))).toEqual([]);
    expect(await chunks(built)).toEqual(both.filter((file) => file !== first));
  });

  it('is there at every moment, whatever is built meanwhile', async () => {
    const { options, built, setLater } = await lazyProject('meanwhile');
    await build(options);
    let building = true;
    const builds = (async () => {
      for (const value of ['2', '3', '4', '5']) {
        await setLater(value);
        await Promise.all([build(options), build(options)]);
      }
    })().finally(() => {
      building = false;
    });
    const missing: string[] = [];
    while (building) {
      const text = await readFile(join(built, 'index.mjs'), 'utf8');
      const names = [...text.matchAll(/[\w-]+-[A-Z0-9]{8}\.mjs/g)].map(([name]) => name);
      expect(names).not.toEqual([]);
      const there = await readdir(built);
      missing.push(...names.filter((name) => !there.includes(name)));
    }
    await builds;
    expect(missing).toEqual([]);
  });
});
