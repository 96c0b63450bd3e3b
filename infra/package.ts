import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Bundle, build, buildOperations } from '../build.ts';
import { kindOf } from './kinds.ts';
import { OverdueCheck } from './monitoring/overdue-check.ts';
import { archive } from './packages/archive.ts';
import { type LambdaSettings, lambdaSettings } from './packages/lambda-settings.ts';
import { overdueCheckPolicy, type PlaceholderPolicy, rotationFunctionPolicy } from './packages/placeholder-policy.ts';
import { RotationFunction } from './rotation-function.ts';

export interface PackageOptions {
  /** The folder with one folder per function; all of `functions/` unless given. */
  readonly functions?: string;
  /** Where the bundles are built; `dist` unless given. */
  readonly dist?: string;
  /** Where the packages go, one folder each; `dist/packages` unless given. What was there before is gone. */
  readonly folder?: string;
}

/**
 * Builds every function and writes, for deploying without the CDK: `function.zip`, `policy.json` and `function.json`, the
 * settings with the environment. The same bytes from the same sources.
 *
 * @returns the packages' folders
 */
export async function writePackages({
  dist = 'dist',
  folder = join(dist, 'packages'),
  ...sources
}: PackageOptions = {}): Promise<readonly string[]> {
  const functions = await build({ dist, ...sources });
  const operations = await buildOperations({ dist });
  await rm(folder, { recursive: true, force: true });
  return await Promise.all([
    ...functions.map((bundle) => {
      const { functionName } = bundle;
      return write(folder, bundle, rotationFunctionPolicy(functionName), settingsOf(bundle));
    }),
    ...operations.map((bundle) =>
      write(
        folder,
        bundle,
        overdueCheckPolicy(),
        lambdaSettings((stack) => new OverdueCheck(stack, 'Check', { bundle: dirname(bundle.file) })),
      ),
    ),
  ]);
}

function settingsOf({ functionName: name, file }: Bundle): LambdaSettings {
  const { environment = {}, timeoutSeconds } = kindOf(name) ?? {};
  const props = { name, bundle: dirname(file), environment, ...(timeoutSeconds !== undefined && { timeoutSeconds }) };
  return lambdaSettings((stack) => new RotationFunction(stack, 'Function', props));
}

async function write(
  folder: string,
  bundle: Bundle,
  policy: PlaceholderPolicy,
  settings: LambdaSettings,
): Promise<string> {
  const target = join(folder, bundle.functionName);
  await mkdir(target, { recursive: true });
  await writeFile(join(target, 'function.zip'), await archive(bundle));
  await writeFile(join(target, 'policy.json'), `${JSON.stringify(policy, null, 2)}\n`);
  await writeFile(join(target, 'function.json'), `${JSON.stringify(settings, null, 2)}\n`);
  return target;
}

if (import.meta.main) for (const target of await writePackages()) console.log(target);
