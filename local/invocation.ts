/** One line that the function wrote to standard output or standard error. */
export type LogLine = string;

/** What came of one invocation, as the Lambda service would tell its caller. */
export type Invocation = {
  readonly durationMs: number;
  readonly log: readonly LogLine[];
} & (
  | { readonly outcome: 'returned'; readonly payload: unknown }
  | {
      readonly outcome: 'failed';
      readonly error: { readonly errorType: string; readonly errorMessage: string; readonly trace: readonly string[] };
    }
);

/** Somebody who can run Lambda functions by their ARN. */
export interface FunctionHost {
  /** Whether the ARN names a function that this host can run. */
  has(functionArn: string): boolean;
  /** Runs the function once. A function that throws, dies or takes too long is a `failed` invocation, not a rejection. */
  invoke(functionArn: string, event: unknown): Promise<Invocation>;
}
