import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
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
    node,
    synth: () => node(cdk, 'synth', '--quiet'),
    attempts: () => (existsSync(attempts) ? readFileSync(attempts, 'utf8') : ''),
    template: () => JSON.parse(readFileSync(join(folder, 'cdk.out', 'SecretRotation.template.json'), 'utf8')),
  };
}

describe('cdk synth', () => {
  const built = project(['random-password', 'postgres-single-user', 'mysql-single-user']);
  const unbuilt = project([]);
  let template: Template;

  beforeAll(async () => {
    expect(await built.synth()).toEqual({ code: 0, output: '' });
    template = Template.fromJSON(built.template());
  });

  it('connects to nothing, and leaves nothing behind that could', () => {
    expect(built.attempts()).toBe('');
  });

  it('deploys three functions, each with a secret of its own on a 30-day schedule', () => {
    template.resourceCountIs('AWS::Lambda::Function', 3);
    template.resourceCountIs('AWS::SecretsManager::Secret', 3);
    template.allResourcesProperties('AWS::Lambda::Function', { Runtime: 'nodejs24.x', Architectures: ['arm64'] });
    const schedules = Object.values(template.findResources('AWS::SecretsManager::RotationSchedule'));
    expect(schedules.map(({ Properties }) => Properties.RotationRules.ScheduleExpression)).toEqual([
      'rate(30 days)',
      'rate(30 days)',
      'rate(30 days)',
    ]);
    expect(new Set(schedules.map(({ Properties }) => Properties.SecretId.Ref))).toEqual(
      new Set(Object.keys(template.findResources('AWS::SecretsManager::Secret'))),
    );
    expect(new Set(schedules.map(({ Properties }) => Properties.RotationLambdaARN['Fn::GetAtt'][0]))).toEqual(
      new Set(Object.keys(template.findResources('AWS::Lambda::Function'))),
    );
  });

  it('gives the database functions the authorities of RDS, and secrets whose placeholders resolve nowhere', () => {
    template.resourcePropertiesCountIs(
      'AWS::Lambda::Function',
      { Environment: { Variables: { NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem' } } },
      2,
    );
    const secrets = Object.values(template.findResources('AWS::SecretsManager::Secret'));
    const skeletons = secrets.flatMap(({ Properties }) => Properties.GenerateSecretString.SecretStringTemplate ?? []);
    expect(skeletons.map((skeleton) => JSON.parse(skeleton))).toEqual([
      {
        engine: 'postgres',
        host: expect.stringMatching(/\.invalid$/),
        port: 5432,
        username: 'edit-me',
        dbname: 'edit-me',
      },
      {
        engine: 'mysql',
        host: expect.stringMatching(/\.invalid$/),
        port: 3306,
        username: 'edit-me',
      },
    ]);
  });

  it('grants no managed policy, nothing on everything, and no random passwords', () => {
    const roles = Object.values(template.findResources('AWS::IAM::Role'));
    const policies = Object.values(template.findResources('AWS::IAM::Policy'));
    const statements = [
      ...roles.flatMap(({ Properties }) => Properties.Policies),
      ...policies.map(({ Properties }) => Properties),
    ].flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
    expect(statements).toHaveLength(6); // three functions: a log and a secret each
    expect(roles.filter(({ Properties }) => 'ManagedPolicyArns' in Properties)).toEqual([]);
    expect(JSON.stringify(statements)).not.toMatch(/\*|GetRandomPassword/);
  });

  it('asks nothing of an account or region: it names none', () => {
    expect(JSON.stringify(built.template())).not.toMatch(/\b\d{12}\b|\b[a-z]{2}-[a-z]+-\d\b/);
  });

  it('without the bundles says what to run', async () => {
    const { code, output } = await unbuilt.synth();
    expect(code).toBe(1);
    expect(output).toContain('run "npm run build" first');
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
