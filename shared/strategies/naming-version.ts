import { RotationError } from '../errors.ts';

/** Has whatever goes wrong with a version of the secret say which one it was. */
export async function namingVersion<T>(label: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof RotationError) error.message = `${label}: ${error.message}`;
    throw error;
  }
}
