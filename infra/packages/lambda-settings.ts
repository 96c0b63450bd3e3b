import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as z from 'zod';

/** What Lambda has to be told of a function besides its code and role; named as Terraform and SAM name it. */
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

const lambda = z.object({
  Type: z.literal('AWS::Lambda::Function'),
  Properties: z.object({
    Handler: z.string(),
    Runtime: z.string(),
    Architectures: z.array(z.string()),
    Timeout: z.number(),
    MemorySize: z.number(),
    Environment: z.object({ Variables: z.record(z.string(), z.string()) }).optional(),
  }),
});
const template = z.object({ Resources: z.record(z.string(), z.unknown()) });

/** As the CDK deploys the only function that `declare` puts into a stack: read from what is synthesized. */
export function lambdaSettings(declare: (stack: Stack) => void): LambdaSettings {
  const outdir = mkdtempSync(join(tmpdir(), 'package-'));
  try {
    const app = new App({ outdir });
    const stack = new Stack(app, 'Package');
    declare(stack);
    const { Resources } = template.parse(app.synth().getStackArtifact(stack.artifactId).template);
    const [found, ...more] = Object.values(Resources).flatMap((resource) => lambda.safeParse(resource).data ?? []);
    if (found === undefined || more.length > 0) throw new Error('A package is of exactly one function.');
    const { Handler, Runtime, Architectures, Timeout, MemorySize, Environment } = found.Properties;
    return {
      handler: Handler,
      runtime: Runtime,
      architectures: Architectures,
      timeout: Timeout,
      memory_size: MemorySize,
      environment: Environment?.Variables ?? {},
    };
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
