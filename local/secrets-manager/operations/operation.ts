import type * as z from 'zod';
import { parseInput } from '../input.ts';
import type { Rotations } from '../rotation.ts';
import type { Secret } from '../secret.ts';
import type { Store } from '../store.ts';

/** What an operation may touch. */
export type Service = { readonly store: Store; readonly rotations: Rotations };

/** Takes the body of a request, answers the body of the response or throws a ServiceError. */
export type Operation = (body: unknown, service: Service) => object;

/** An operation is its input schema and what it does with an input that fits. */
export function operation<T>(input: z.ZodType<T>, run: (input: T, service: Service) => object): Operation {
  return (body, service) => run(parseInput(input, body), service);
}

/** The wire form of a time: seconds since 1970, milliseconds behind the point. */
export const epochSeconds = (date: Date | undefined) => (date === undefined ? undefined : date.getTime() / 1000);

export const identity = ({ arn, name }: Secret) => ({ ARN: arn, Name: name });
