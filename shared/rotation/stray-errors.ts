import { Unreachable } from '../errors.ts';

/**
 * Runs work whose libraries may throw where nobody catches: in the callback of a socket, or in a promise that is not waited for. Such an
 * error ends the work with a named error, instead of the process without a word.
 *
 * @param strayed told of it: what the library has left half done cannot be undone, so the process must not be used again
 */
export async function catchingStrayErrors<T>(work: () => Promise<T>, strayed: () => void): Promise<T> {
  // Another run in this process, as in tests, has it already.
  if (process.hasUncaughtExceptionCaptureCallback()) return await work();
  const { promise: stray, reject } = Promise.withResolvers<never>();
  stray.catch(() => {});
  const fail = (cause: unknown) => {
    strayed();
    const what = cause instanceof Error ? `${cause.name}: ${cause.message}` : 'no Error';
    reject(
      new Unreachable(
        `A library failed on what a server sent (${what}). Check that the address is that of the server that is meant, and look at its log. The function starts afresh; the rotation can be repeated.`,
        { cause },
      ),
    );
  };
  process.setUncaughtExceptionCaptureCallback(fail);
  // Before the runtime's own listener, which ends the process.
  process.prependListener('unhandledRejection', fail);
  try {
    return await Promise.race([work(), stray]);
  } finally {
    process.setUncaughtExceptionCaptureCallback(null);
    process.removeListener('unhandledRejection', fail);
  }
}
