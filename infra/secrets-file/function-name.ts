/** @see https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html */
export const LONGEST_FUNCTION_NAME = 64;

export const functionName = (project: string, environment: string, kind: string): string =>
  `${project}-${environment}-${kind}`;
