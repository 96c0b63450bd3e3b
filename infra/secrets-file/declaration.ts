import type { Path } from './problem.ts';
import type { RdsCall } from './rds-calls.ts';
import type { RotationRules } from './schedule.ts';
import type { NetworkText } from './schema.ts';
import type { Shape } from './shape.ts';

/** What the file of secrets asks for, resolved: names, shapes, schedules. */
export interface Declaration {
  readonly project: string;
  readonly environments: readonly DeclaredEnvironment[];
  /** By kind. */
  readonly functions: Readonly<Record<string, FunctionSettings>>;
  readonly monitoring: {
    readonly emails: readonly string[];
    /** Whether CloudTrail writes events in the account already. */
    readonly trail: 'existing' | 'create';
  };
}

export interface FunctionSettings {
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** How many copies may run at once; no limit unless given. */
  readonly concurrency?: number | undefined;
}

export interface DeclaredEnvironment {
  readonly name: string;
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  /** The key of its secrets; one is made unless given. */
  readonly keyArn?: string | undefined;
  /** Roles that alone may start and stop rotations by hand; everybody with the permission unless given. */
  readonly operators?: readonly string[] | undefined;
  readonly network?: NetworkText | undefined;
  /** What the names of all its secrets begin with. */
  readonly namePrefix: string;
  readonly secrets: readonly DeclaredSecret[];
}

export interface DeclaredSecret {
  /** Where it stands in the file. */
  readonly path: Path;
  /** As Secrets Manager has it. */
  readonly name: string;
  readonly description?: string | undefined;
  /** The folder of the function that rotates it; nothing does unless given. */
  readonly kind?: string | undefined;
  readonly shape: Shape;
  /** The same with `{environment}` and the like as they stand in the file. */
  readonly literalShape: Shape;
  /** Fields that look like secrets and are none, by the word of whoever wrote the file. */
  readonly plain: readonly string[];
  readonly powerful?: PowerfulSecret | undefined;
  readonly keyArn?: string | undefined;
  /** By Region, the ARN of a key there, or "default". */
  readonly replicas: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** None while the secret waits for its value. */
  readonly rotation?: { readonly rules: RotationRules; readonly immediately: boolean } | undefined;
  readonly awaitsValue: boolean;
  /** What its function has to ask the RDS API. */
  readonly rdsCalls: readonly RdsCall[];
  /** The IAM user whose access keys it holds. */
  readonly user?: { readonly arn: string; readonly dedicated: boolean } | undefined;
}

/** A superuser's or administrator's secret: one of this file by its name, or any other by its ARN. */
export type PowerfulSecret = { readonly keyArn?: string | undefined } & (
  | { readonly name: string }
  | { readonly arn: string }
);
