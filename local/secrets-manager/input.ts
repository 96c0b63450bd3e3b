import * as z from 'zod';
import { invalidParameter, notSerializable, type ServiceError, validationFailed } from './errors.ts';
import type { SecretValue } from './staged-versions.ts';

/** The sizes and patterns are those of the service's published model. */
export const text = (min: number, max: number) => z.string().min(min).max(max);
export const secretId = text(1, 2048);
export const secretName = text(1, 512);
export const clientRequestToken = text(32, 64);
export const versionId = text(32, 64);
export const stage = text(1, 256);
export const stages = z.array(stage).min(1).max(20);
export const description = text(0, 2048);
export const kmsKeyId = text(0, 2048);
export const nextToken = text(1, 4096);
export const maxResults = z.int().min(1).max(100);
export const rotationToken = text(36, 256).regex(/^[a-zA-Z0-9-]+$/);
export const tagKey = text(1, 128);
export const tags = z.array(z.object({ Key: tagKey, Value: text(0, 256) }));

const maxValueBytes = 65_536;
const tooLong = `Member must have length less than or equal to ${maxValueBytes}`;

export const secretString = z
  .string()
  .min(1)
  .refine((value) => Buffer.byteLength(value) <= maxValueBytes, tooLong);

/** Canonical base64, so that equal bytes are equal text. */
export const secretBinary = z
  .base64()
  .min(1)
  .transform((value) => Buffer.from(value, 'base64'))
  .refine((bytes) => bytes.length <= maxValueBytes, tooLong)
  .transform((bytes) => bytes.toString('base64'));

/** The one value of a request that may bring either kind, or neither. */
export function valueIn(input: {
  SecretString?: string | undefined;
  SecretBinary?: string | undefined;
}): SecretValue | undefined {
  if (input.SecretString !== undefined && input.SecretBinary !== undefined) {
    // Unverified text; that a version holds one of the two is documented.
    throw invalidParameter('You must specify either SecretString or SecretBinary, not both.');
  }
  if (input.SecretString !== undefined) return { SecretString: input.SecretString };
  if (input.SecretBinary !== undefined) return { SecretBinary: input.SecretBinary };
  return undefined;
}

/**
 * Reads a request as the service does: null is absent, unknown members are ignored, a member of another JSON type does
 * not deserialize, and everything else is one ValidationException that names the members and never quotes them.
 */
export function parseInput<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(withoutNulls(body), { reportInput: true });
  if (result.success) return result.data;
  throw refusal(result.error.issues);
}

function refusal(issues: readonly z.core.$ZodIssue[]): ServiceError {
  const mistyped = issues.find(
    (issue) =>
      (issue.code === 'invalid_type' && issue.input !== undefined) ||
      (issue.code === 'invalid_format' && issue.format === 'base64'),
  );
  if (mistyped !== undefined) return notSerializable(`Member '${member(mistyped.path)}' can not be deserialized.`);
  const constraints = issues.map(
    (issue) =>
      `Value ${issue.code === 'invalid_type' ? 'null ' : ''}at '${member(issue.path)}' failed to satisfy constraint: ${constraint(issue)}`,
  );
  const noun = constraints.length === 1 ? 'error' : 'errors';
  return validationFailed(`${constraints.length} validation ${noun} detected: ${constraints.join('; ')}`);
}

function constraint(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return 'Member must not be null';
    case 'too_small':
      return `Member must have ${measure(issue.origin)} greater than or equal to ${issue.minimum}`;
    case 'too_big':
      return `Member must have ${measure(issue.origin)} less than or equal to ${issue.maximum}`;
    case 'invalid_format':
      return `Member must satisfy regular expression pattern: ${(issue.pattern ?? issue.format).replace(/^\/(.*)\/$/, '$1')}`;
    case 'invalid_value':
      return `Member must satisfy enum value set: [${issue.values.map(String).join(', ')}]`;
    default:
      return issue.message;
  }
}

const measure = (origin: string) => (origin === 'string' || origin === 'array' ? 'length' : 'value');

/** `rotationRules.duration`, `tags.1.member.key`: how the service spells a path. */
function member(path: readonly PropertyKey[]): string {
  const parts = path.map((key) => {
    if (typeof key === 'number') return `${key + 1}.member`;
    const name = String(key);
    return name.charAt(0).toLowerCase() + name.slice(1);
  });
  return parts.join('.');
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const present = Object.entries(value).filter(([, part]) => part !== null);
  return Object.fromEntries(present.map(([key, part]) => [key, withoutNulls(part)]));
}
