import type { Context } from '../rotation/strategy.ts';

/**
 * Whether the deployer lets somebody more powerful go on although AWSCURRENT proves nothing: the environment variable
 * lists ARNs, separated by commas or spaces, of secrets whose current credential somebody lost. As long as an ARN is listed,
 * whoever may write that secret says which user is acted upon.
 */
export async function mayRecover(variable: string, context: Context): Promise<boolean> {
  const { arn } = await context.describe();
  return listed(context.environment[variable]).includes(arn);
}

/** What an environment variable lists, separated by commas or spaces. */
export function listed(variable: string | undefined): readonly string[] {
  return (variable ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
}
