import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KINDS } from '../../infra/kinds.ts';
import { OverdueCheck } from '../../infra/monitoring/overdue-check.ts';
import { writePackages } from '../../infra/package.ts';
import { archive } from '../../infra/packages/archive.ts';
import { rotationFunctionPolicy } from '../../infra/packages/placeholder-policy.ts';
import { RotationFunction } from '../../infra/rotation-function.ts';
import { writeBundle } from './stand-in-stack.ts';

const checkout = join(import.meta.dirname, '..', '..');
let scratch = '';
/** By the package's name, its files by their names. */
let packages: ReadonlyMap<string, ReadonlyMap<string, Buffer>>;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'packages-'));
  packages = await written('first');
});

afterAll(() => rm(scratch, { recursive: true }));

async function written(name: string, functions?: string): Promise<ReadonlyMap<string, ReadonlyMap<string, Buffer>>> {
  const targets = await writePackages({
    dist: join(scratch, name),
    folder: join(scratch, name, 'packages'),
    ...(functions !== undefined && { functions }),
  });
  const contents = targets.map(async (target) => {
    const files = (await readdir(target)).toSorted();
    const entries = await Promise.all(files.map(async (file) => [file, await readFile(join(target, file))] as const));
    return [basename(target), new Map(entries)] as const;
  });
  return new Map(await Promise.all(contents));
}

const fileOf = (name: string, file: string): Buffer => {
  const found = packages.get(name)?.get(file);
  if (found === undefined) throw new Error(`There is no ${file} of ${name}.`);
  return found;
};
const jsonOf = (name: string, file: string) => JSON.parse(fileOf(name, file).toString());

describe('the packages', () => {
  it('are one for each function, and one for the daily check, each with code, policy and settings', async () => {
    const functions = await readdir(join(checkout, 'functions'));
    expect([...packages.keys()].toSorted()).toEqual([...functions, 'operations-overdue'].toSorted());
    for (const [name, files] of packages) {
      expect([...files.keys()], name).toEqual(['function.json', 'function.zip', 'policy.json']);
    }
  });

  it('are the same bytes when they are written again, elsewhere', async () => {
    // One bundle in one file, one that is parted.
    const some = ['random-password', 'postgres-single-user'];
    const functions = join(scratch, 'functions');
    for (const name of some) {
      await mkdir(join(functions, name), { recursive: true });
      await symlink(join(checkout, 'functions', name, 'handler.ts'), join(functions, name, 'handler.ts'));
    }
    const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    const again = await written('other', functions);
    expect([...again.keys()].toSorted()).toEqual([...some, 'operations-overdue'].toSorted());
    for (const [name, files] of again) {
      for (const [file, bytes] of files) expect(hash(bytes), `${file} of ${name}`).toBe(hash(fileOf(name, file)));
    }
    const parts = some.map((name) => Object.keys(unzipSync(fileOf(name, 'function.zip'))).length > 2);
    expect(parts).toEqual([false, true]);
  }, 120_000);

  it('hold bundles that run', async () => {
    const bundles = [...packages.keys()].map(async (name) => {
      const folder = join(scratch, 'unpacked', name);
      await mkdir(folder, { recursive: true });
      for (const [file, bytes] of Object.entries(unzipSync(fileOf(name, 'function.zip')))) {
        await writeFile(join(folder, file), bytes);
      }
      return pathToFileURL(join(folder, 'index.mjs')).href;
    });
    const script = `for (const bundle of ${JSON.stringify(await Promise.all(bundles))}) {
      const { handler } = await import(bundle);
      console.log(typeof handler);
    }`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
    expect(stdout).toBe('function\n'.repeat(packages.size));
  });

  it('say how Lambda runs them', () => {
    expect(jsonOf('postgres-single-user', 'function.json')).toEqual({
      handler: 'index.handler',
      runtime: 'nodejs24.x',
      architectures: ['arm64'],
      timeout: 30,
      memory_size: 256,
      environment: { NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem' },
    });
    expect(jsonOf('random-password', 'function.json')).toMatchObject({ environment: {} });
    expect(jsonOf('api-key', 'function.json')).toMatchObject({ timeout: 240 });
    expect(jsonOf('operations-overdue', 'function.json')).toMatchObject({ handler: 'index.handler', timeout: 120 });
  });
});

describe('an archive', () => {
  it('is the same in every time zone', async () => {
    const file = join(scratch, 'index.mjs');
    await writeFile(file, 'export const handler = 1;');
    const script = `import { archive } from ${JSON.stringify(pathToFileURL(join(checkout, 'infra', 'packages', 'archive.ts')).href)};
      console.log(Buffer.from(await archive({ files: [${JSON.stringify(file)}] })).toString('base64'));`;
    const inZone = async (TZ: string) => {
      const options = { env: { ...process.env, TZ } };
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--input-type=module', '--eval', script],
        options,
      );
      return stdout;
    };
    const [east, west] = await Promise.all([inZone('Pacific/Kiritimati'), inZone('America/Los_Angeles')]);
    expect(east).toBe(west);
  });

  it('holds what the bundle consists of, in one order, and nothing that an earlier build left beside it', async () => {
    const folder = await mkdtemp(join(scratch, 'files-'));
    const files = ['index.mjs', 'chunk.mjs', 'stale.mjs'].map((name) => join(folder, name));
    for (const file of files) await writeFile(file, file);
    const [index = '', chunk = ''] = files;
    const bytes = await archive({ files: [index, chunk] });
    expect(Object.keys(unzipSync(bytes))).toEqual(['chunk.mjs', 'index.mjs']);
    expect(await archive({ files: [chunk, index] })).toEqual(bytes);
  });
});

describe('the policies', () => {
  /** What a deployment knows, and a package cannot. */
  const known = {
    partition: 'aws',
    region: 'eu-central-1',
    account_id: '111122223333',
    secret_name_prefix: 'shop/prod/',
    key_arn: 'arn:aws:kms:eu-central-1:111122223333:key/own',
    powerful_secret_arn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:boss-AbCdEf',
    powerful_key_arn: 'arn:aws:kms:eu-central-1:111122223333:key/other',
    iam_user_arn: 'arn:aws:iam::111122223333:user/app',
    subnet_id: 'subnet-0123456789abcdef0',
    security_group_id: 'sg-0123456789abcdef0',
  };
  const filled = (policy: unknown, functionName: string): unknown => {
    const values = new Map(Object.entries({ ...known, function_name: functionName }));
    return JSON.parse(JSON.stringify(policy).replace(/\$\{(\w+)\}/g, (_, name) => values.get(name) ?? `no ${name}`));
  };

  /** Every kind with everything that it can use, and the check, in a stack of that deployment. */
  function deployment(): Template {
    const app = new App({
      outdir: join(scratch, 'cdk.out'),
      context: { '@aws-cdk/core:enablePartitionLiterals': true },
    });
    const stack = new Stack(app, 'Test', { env: { account: '111122223333', region: 'eu-central-1' } });
    const bundle = writeBundle(join(scratch, 'bundle'));
    const network = {
      vpc: Vpc.fromVpcAttributes(stack, 'Vpc', {
        vpcId: 'vpc-0123456789abcdef0',
        availabilityZones: ['eu-central-1a'],
      }),
      subnets: [
        Subnet.fromSubnetAttributes(stack, 'Subnet', { subnetId: known.subnet_id, availabilityZone: 'eu-central-1a' }),
      ],
      securityGroup: SecurityGroup.fromSecurityGroupId(stack, 'Group', known.security_group_id),
    };
    for (const [name, { powerful, database, iamUsers }] of Object.entries(KINDS)) {
      new RotationFunction(stack, name, {
        name,
        bundle,
        namePrefix: known.secret_name_prefix,
        keys: [known.key_arn],
        ...(powerful && { powerful: [{ secretArn: known.powerful_secret_arn, keyArn: known.powerful_key_arn }] }),
        ...(iamUsers && { iamUsers: [known.iam_user_arn] }),
        ...(database && {
          rdsCalls: ['DescribeDBInstances', 'DescribeDBClusters', 'DescribeDBClusterEndpoints'],
          network,
        }),
      });
    }
    new OverdueCheck(stack, 'operations-overdue', { bundle });
    return Template.fromStack(stack);
  }

  let template: Template;
  beforeAll(() => {
    template = deployment();
  });

  /** All that the role of this function may do. What is left of references is its own log group, which has its name. */
  function granted(name: string): unknown[] {
    const own = ([id]: [string, unknown]) => id.startsWith(name.replaceAll('-', ''));
    const [logGroup = ['']] = Object.entries(template.findResources('AWS::Logs::LogGroup')).filter(own);
    const roles = Object.entries(template.findResources('AWS::IAM::Role')).filter(own);
    const logStreams = JSON.stringify({ 'Fn::GetAtt': [logGroup[0], 'Arn'] });
    const named = JSON.stringify(`arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/${name}:*`);
    return roles.flatMap(([, { Properties }]) =>
      Properties.Policies.map((policy: never) =>
        JSON.parse(JSON.stringify(Object(policy).PolicyDocument).replaceAll(logStreams, named)),
      ),
    );
  }

  it.each([...Object.keys(KINDS), 'operations-overdue'])(
    'of %s is what the CDK grants where all of it is used',
    (name) => {
      template.resourceCountIs('AWS::IAM::Policy', 0);
      expect(granted(name)).toEqual([filled(jsonOf(name, 'policy.json'), name)]);
    },
  );

  it('leave no placeholder that has no name, and name each statement, so that it can be left out', () => {
    for (const name of packages.keys()) {
      expect(JSON.stringify(filled(jsonOf(name, 'policy.json'), name))).not.toMatch(/"no \w+"|\$\{/);
      const sids: unknown[] = jsonOf(name, 'policy.json').Statement.map(({ Sid }: { Sid: string }) => Sid);
      expect(sids.every((sid) => typeof sid === 'string' && /^\w+$/.test(sid))).toBe(true);
      expect(new Set(sids).size).toBe(sids.length);
    }
  });

  it('of a function that nothing is known of are refused, with what to do', () => {
    expect(() => rotationFunctionPolicy('unheard-of')).toThrow('add its line to infra/kinds.ts');
  });
});
