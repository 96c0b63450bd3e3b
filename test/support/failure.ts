/** The error that a promise is rejected with. */
export async function failureOf(work: Promise<unknown>): Promise<Error> {
  const outcome = await work.then(
    () => new Error('It succeeded, but should have failed.'),
    (error: unknown) => error,
  );
  if (!(outcome instanceof Error)) throw new Error(`Something that is no error was thrown: ${String(outcome)}`);
  return outcome;
}
