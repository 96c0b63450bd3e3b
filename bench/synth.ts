import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Figure } from './figure.ts';
import { generatedSecrets } from './generated-secrets.ts';

const run = promisify(execFile);
const COUNTS = [10, 100, 500] as const;
const root = join(import.meta.dirname, '..');

interface Synthesis {
  readonly secrets: number;
  readonly stacks: number;
  readonly seconds: number;
  readonly largestKilobytes: number;
  readonly mostResources: number;
}

/** How synthesis grows with the secrets. The functions have to be built. */
export async function synthesis(): Promise<readonly Figure[]> {
  const measured: Synthesis[] = [];
  for (const secrets of COUNTS) measured.push(await synthesize(secrets));
  const all = (figure: (one: Synthesis) => string) =>
    measured.map((one) => `${one.secrets} secrets: ${figure(one)}`).join('; ');
  const [first, last] = [measured.at(0), measured.at(-1)];
  if (!first || !last) throw new Error('Nothing was measured.');
  return [
    {
      name: 'synthesis, 500 secrets against 10',
      measured: last.seconds / first.seconds,
      atMost: 10,
      unit: 'times as long',
      decimals: 1,
      detail: all(({ seconds }) => `${seconds.toFixed(1)} s`),
    },
    {
      name: 'largest template, 500 secrets',
      measured: last.largestKilobytes,
      atMost: 800, // CloudFormation takes 1 MB
      unit: 'kB',
      detail: all(({ largestKilobytes, stacks }) => `${largestKilobytes.toFixed(0)} kB, ${stacks} stacks`),
    },
    {
      name: 'resources of the fullest stack, 500 secrets',
      measured: last.mostResources,
      atMost: 400, // CloudFormation takes 500
      unit: '',
      detail: all(({ mostResources }) => String(mostResources)),
    },
  ];
}

/** In processes of their own, as `cdk synth` runs them. */
async function synthesize(secrets: number): Promise<Synthesis> {
  const folder = await mkdtemp(join(tmpdir(), 'synth-'));
  try {
    const file = join(folder, 'secrets.yaml');
    const assembly = join(folder, 'cdk.out');
    await writeFile(file, generatedSecrets(secrets));
    await run(process.execPath, ['infra/record.ts', file], { cwd: root });
    const configuration: { context: object } = JSON.parse(await readFile(join(root, 'cdk.json'), 'utf8'));
    const context = JSON.stringify({ ...configuration.context, secrets: file });
    const started = performance.now();
    await run(process.execPath, ['infra/app.ts'], {
      cwd: root,
      env: { ...process.env, CDK_OUTDIR: assembly, CDK_CONTEXT_JSON: context },
    });
    const seconds = (performance.now() - started) / 1000;
    const names = (await readdir(assembly)).filter((name) => name.endsWith('.template.json'));
    const templates = await Promise.all(names.map((name) => readFile(join(assembly, name), 'utf8')));
    return {
      secrets,
      stacks: templates.length,
      seconds,
      largestKilobytes: Math.max(...templates.map((text) => Buffer.byteLength(text) / 1000)),
      mostResources: Math.max(...templates.map((text) => Object.keys(JSON.parse(text).Resources).length)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
