import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import * as z from 'zod';

/** What Lambda has to be told of a function besides its code and role; named as Terraform names it. */
export interface LambdaSettings {
  readonly handler: string;
  readonly runtime: string;
  readonly architectures: readonly string[];
  /** Seconds. */
  readonly timeout: number;
  /** Megabytes. */
  readonly memory_size: number;
  readonly environment: Readonly<Record<string, string>>;
}

const settings: z.ZodType<LambdaSettings> = z.object({
  handler: z.string(),
  runtime: z.string(),
  architectures: z.array(z.string()),
  timeout: z.number(),
  memory_size: z.number(),
  environment: z.record(z.string(), z.string()),
});

/** As the CDK deploys the only function that `declare` puts into a stack: read from its resource. */
export function lambdaSettings(declare: (stack: Stack) => void): LambdaSettings {
  const outdir = mkdtempSync(join(tmpdir(), 'package-'));
  try {
    const stack = new Stack(new App({ outdir }), 'Package');
    declare(stack);
    const [found, ...more] = stack.node.findAll().filter((construct) => construct instanceof CfnFunction);
    if (found === undefined || more.length > 0) throw new Error('A package is of exactly one function.');
    const { handler, runtime, architectures, timeout, memorySize, environment } = found;
    const { variables = {} } = stack.resolve(environment) ?? {};
    return settings.parse(
      stack.resolve({ handler, runtime, architectures, timeout, memory_size: memorySize, environment: variables }),
    );
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
