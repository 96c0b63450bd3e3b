import type { Stack } from 'aws-cdk-lib';
import { secretArnPattern } from './arn-pattern.ts';
import { KINDS, kindOf } from './kinds.ts';
import type { RotationFunctionProps } from './rotation-function.ts';
import type { PowerfulGrant } from './rotation-policy.ts';
import type { Declaration, DeclaredEnvironment, PowerfulSecret } from './secrets-file/declaration.ts';
import { functionName } from './secrets-file/function-name.ts';

/** The kinds that an environment's secrets have, in the order of the table. */
export function kindsIn({ secrets }: DeclaredEnvironment): readonly string[] {
  return Object.keys(KINDS).filter((name) => secrets.some(({ kind }) => kind === name));
}

/** What the function of one kind needs for the secrets that the file gives it, and no more; bundle and network apart. */
export function functionProps(
  { project, functions }: Declaration,
  environment: DeclaredEnvironment,
  kind: string,
  environmentKey: string,
  stack: Stack,
): Omit<RotationFunctionProps, 'bundle' | 'network'> {
  const secrets = environment.secrets.filter((secret) => secret.kind === kind);
  const users = secrets.flatMap(({ user }) => user ?? []);
  const dedicated = users.filter((user) => user.dedicated).map(({ arn }) => arn);
  const { concurrency, ...settings } = functions[kind] ?? {};
  const { environment: needed, timeoutSeconds } = kindOf(kind) ?? {};
  return {
    name: functionName(project, environment.name, kind),
    environment: {
      ...needed,
      ...(dedicated.length > 0 && { DEDICATED_USERS: unique(dedicated).join(' ') }),
      ...settings.environment,
    },
    namePrefix: environment.namePrefix,
    keys: unique(secrets.map(({ keyArn }) => keyArn ?? environmentKey)),
    powerful: powerfulGrants(
      secrets.flatMap(({ powerful }) => powerful ?? []),
      environmentKey,
      stack,
    ),
    rdsCalls: unique(secrets.flatMap(({ rdsCalls }) => rdsCalls)),
    ...(users.length > 0 && { iamUsers: unique(users.map(({ arn }) => arn)) }),
    ...(concurrency !== undefined && { reservedConcurrency: concurrency }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
  };
}

function powerfulGrants(named: readonly PowerfulSecret[], environmentKey: string, stack: Stack): PowerfulGrant[] {
  const grants = named.map((powerful): readonly [string, PowerfulGrant] => {
    if ('name' in powerful) {
      const secretArn = secretArnPattern(stack, powerful.name);
      return [secretArn, { secretArn, keyArn: powerful.keyArn ?? environmentKey }];
    }
    const { arn: secretArn, keyArn } = powerful;
    return [secretArn, { secretArn, ...(keyArn !== undefined && { keyArn }) }];
  });
  return [...new Map(grants).values()];
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
