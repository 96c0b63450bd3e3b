import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { KINDS } from '../../infra/kinds.ts';
import { temporaryFolder, writeBundle } from './stand-in-stack.ts';

const checkout = join(import.meta.dirname, '..', '..');
const cdk = join(checkout, 'node_modules', 'aws-cdk', 'bin', 'cdk');

/** A project with this one's cdk.json and app, but its own dist/, cdk.out/ and home. */
function project(bundles: string[]) {
  const folder = temporaryFolder();
  copyFileSync(join(checkout, 'cdk.json'), join(folder, 'cdk.json'));
  symlinkSync(join(checkout, 'infra'), join(folder, 'infra'), 'dir');
  for (const bundle of bundles) writeBundle(join(folder, 'dist', bundle));
  for (const name of ['home', 'tmp']) mkdirSync(join(folder, name));

  // A proxy on a closed port proves little: the CLI swallows failed calls. So every attempt is written down instead, and
  // so is every process left behind, because that is how the CLI sends its telemetry.
  const attempts = join(folder, 'attempts');
  const spy = join(folder, 'spy.cjs');
  writeFileSync(
    spy,
    `const { appendFileSync } = require('node:fs');
     const { Socket } = require('node:net');
     const child = require('node:child_process');
     const { connect } = Socket.prototype;
     const { spawn } = child;
     const note = (what) => appendFileSync(${JSON.stringify(attempts)}, new Error(what).stack + '\\n');
     Socket.prototype.connect = function (...to) {
       note('connection');
       return connect.apply(this, to);
     };
     child.spawn = (...call) => {
       if (call.some((argument) => argument?.detached)) note('process left behind');
       return spawn(...call);
     };`,
  );
  const env = {
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    HOME: join(folder, 'home'),
    CDK_HOME: join(folder, 'home'), // or notices cached by an earlier run would hide that they are fetched
    TMPDIR: join(folder, 'tmp'),
    NODE_OPTIONS: `--require ${JSON.stringify(spy)}`,
    HTTPS_PROXY: 'http://127.0.0.1:9',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const node = (...args: string[]) =>
    new Promise<{ code: number | string | null | undefined; output: string }>((resolve) => {
      execFile(process.execPath, args, { cwd: folder, env }, (error, stdout, stderr) =>
        resolve({ code: error ? error.code : 0, output: stdout + stderr }),
      );
    });
  return {
    folder,
    node,
    synth: (...args: string[]) => node(cdk, 'synth', '--quiet', ...args),
    attempts: () => (existsSync(attempts) ? readFileSync(attempts, 'utf8') : ''),
    templates: () => {
      const folderOfTemplates = join(folder, 'cdk.out');
      if (!existsSync(folderOfTemplates)) return [];
      return readdirSync(folderOfTemplates)
        .filter((name) => name.endsWith('.template.json'))
        .map((name): unknown => JSON.parse(readFileSync(join(folderOfTemplates, name), 'utf8')));
    },
  };
}

const kinds = Object.keys(KINDS);

describe('cdk synth', () => {
  const built = project([...kinds, 'operations-overdue']);
  const unbuilt = project([]);
  const wrong = project(kinds);

  beforeAll(async () => {
    expect(await built.synth()).toMatchObject({ code: 0 });
  });

  it('connects to nothing, and leaves nothing behind that could', () => {
    expect(built.attempts()).toBe('');
  });

  it('asks nothing of an account or region: the example names neither, but for one user', () => {
    const templates = JSON.stringify(built.templates()).replaceAll('arn:aws:iam::111122223333:user/deployer', '');
    expect(templates).not.toMatch(/\b\d{12}\b|\b[a-z]{2}-[a-z]+-\d\b/);
  });

  it('refers from no stack to another, so that each can be updated by itself', () => {
    expect(JSON.stringify(built.templates())).not.toMatch(/Fn::ImportValue|Fn::GetStackOutput|"Export"/);
  });

  it('without the bundles says what to run', async () => {
    const { code, output } = await unbuilt.synth();
    expect(code).toBe(1);
    expect(output).toContain('run "npm run build" first');
    expect(output).not.toMatch(/^\s+at /m);
    expect(unbuilt.templates()).toEqual([]);
  });

  it('with a file that is wrong writes nothing, and says why without a stack trace', async () => {
    writeFileSync(
      join(wrong.folder, 'other.yaml'),
      'project: shop\nenvironments: {prod: {}}\ngroups: {g: {secrets: {a: {kind: redis}}}}\n',
    );
    const { code, output } = await wrong.synth('-c', 'secrets=other.yaml');
    expect(code).toBe(1);
    expect(output).toMatch(/^other\.yaml:3: groups\.g\.secrets\.a\.kind: "redis" is no kind of secret/m);
    expect(output).not.toMatch(/^\s+at /m);
    expect(wrong.templates()).toEqual([]);
  });
});

describe('the spy', () => {
  const watched = project([]);

  it.each([
    ['a connection', "require('node:net').connect(9, '127.0.0.1').on('error', () => {})"],
    ['a process left behind', "require('node:child_process').spawn('true', { detached: true })"],
  ])('sees %s', async (what, script) => {
    await watched.node('-e', script);
    expect(watched.attempts()).toContain(what.replace(/^a /, 'Error: '));
  });
});
