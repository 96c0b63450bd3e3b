import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { addStacks } from '../../infra/app.ts';
import { KINDS } from '../../infra/kinds.ts';
import type { DeployableSecrets } from '../../infra/secrets-file/read.ts';
import { writeBundle } from './stand-in-stack.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

/** Puts all that a file asks for into an app, with stand-ins for the bundles; `use` must not keep it. */
export function withApp<T>(file: DeployableSecrets, use: (app: App) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'infra-test-'));
  try {
    const dist = join(folder, 'dist');
    for (const bundle of [...Object.keys(KINDS), 'operations-overdue']) writeBundle(join(dist, bundle));
    // A stack trace for each construct is half of the time.
    const app = new App({ outdir: join(folder, 'cdk.out'), context: { 'aws:cdk:disable-stack-trace': true } });
    addStacks(app, file, dist);
    return use(app);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The templates of all stacks, by the stacks' names. */
export function synthesized(file: DeployableSecrets): Readonly<Record<string, Template>> {
  return withApp(file, templatesOf);
}

export function templatesOf(app: App): Readonly<Record<string, Template>> {
  const stacks = app.node.children.filter((child) => child instanceof Stack);
  return Object.fromEntries(stacks.map((stack) => [stack.stackName, Template.fromStack(stack)]));
}

export function resources(template: Template | undefined, type?: string): readonly Resource[] {
  const all: Record<string, Resource> = template?.toJSON()['Resources'] ?? {};
  return Object.values(all).filter(({ Type }) => type === undefined || Type === type);
}

/** A part of a template, with its ARNs as text: what is known only on deployment stands in angle brackets. */
export function readable(part: unknown): unknown {
  return JSON.parse(JSON.stringify(part), (_, value) => {
    if (value?.Ref) return `<${value.Ref.replace('AWS::', '')}>`;
    if (value?.['Fn::GetAtt']) return `<${value['Fn::GetAtt'].join('.')}>`;
    if (value?.['Fn::Join']) return value['Fn::Join'][1].join('');
    return value;
  });
}
