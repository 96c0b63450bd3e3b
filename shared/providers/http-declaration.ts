import * as z from 'zod/mini';
import { InvalidSecret } from '../errors.ts';
import type { Declaration, Json, Pointer } from './declaration.ts';
import { problemsIn } from './declaration-checks.ts';

/** Where a deployer's declaration stands in the administrator's secret. */
export const DECLARATION = 'declaration';

const text = z.string('must be a text').check(z.minLength(1, 'must not be empty'));
const texts = z.record(z.string(), text, 'must be an object of texts');
const count = (least: number, most: number) => {
  const range = `must be a whole number from ${least} to ${most}`;
  return z.int(range).check(z.gte(least, range), z.lte(most, range));
};
const flag = z.boolean('must be true or false');

const isPointer = (value: unknown): value is Pointer => typeof value === 'string' && /^(\/([^~]|~[01])*)?$/.test(value);
const pointer = z.custom<Pointer>(isPointer, 'must be a JSON pointer such as "/data/id"');

const isJson = (value: unknown): value is Json => value !== undefined;
const json = z.custom<Json>(isJson, 'must be JSON');
const isExpectation = (value: unknown): value is Readonly<Record<Pointer, Json>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).every(isPointer);
const expectation = z.custom<Readonly<Record<Pointer, Json>>>(
  isExpectation,
  'must be an object of values by JSON pointer, such as {"/success": true}',
);

type RequestLine = Declaration['mint']['request'];
const isRequestLine = (value: unknown): value is RequestLine =>
  typeof value === 'string' && /^(GET|POST|PUT|PATCH|DELETE) \/(?!\/)\S*$/.test(value);
const requestLine = z.custom<RequestLine>(
  isRequestLine,
  'must be a method and a path such as "POST /v1/keys"; another host goes into "otherUrls", and its name there into "base"',
);

const status = count(200, 599);
const refusal = z.strictObject({ status, expect: z.exactOptional(expectation) }, 'must be an object with a status');
const request = {
  request: requestLine,
  base: z.exactOptional(text),
  headers: z.exactOptional(texts),
  basic: z.exactOptional(
    z.strictObject({ username: text, password: text }, 'must be an object of username and password'),
  ),
  body: z.exactOptional(json),
  form: z.exactOptional(texts),
  success: z.exactOptional(z.array(status, 'must be a list of statuses')),
  json: z.exactOptional(z.literal(false, 'must be false, or left out')),
  expect: z.exactOptional(expectation),
  busy: z.exactOptional(z.array(refusal, 'must be a list of refusals')),
};
const retirement = z.strictObject({ ...request, gone: z.exactOptional(z.array(status)) }, 'must be a request');
const parameter = z.union(
  [
    z.strictObject({ number: text, first: count(0, 1), size: count(1, 10_000) }),
    z.strictObject({ cursor: text, at: pointer, more: z.exactOptional(pointer) }),
    z.strictObject({ next: pointer }),
  ],
  'must say how the list goes on: {"number", "first", "size"}, {"cursor", "at"} or {"next"}',
);

/** What `Declaration` says, but for the name, which is `http`, and the documentation, which is the deployer's own affair. */
const schema = z.strictObject(
  {
    facts: z.strictObject(
      {
        value: z.enum(['issued', 'chosen'], 'must be "issued" or "chosen"'),
        livingKeys: z.exactOptional(count(1, 1_000_000)),
        longestName: z.exactOptional(count(64, 10_000)),
        idempotent: z.exactOptional(flag),
        propagationMs: count(0, 600_000),
      },
      'must be an object',
    ),
    otherUrls: z.exactOptional(texts),
    administrator: z.array(text, 'must be a list of names of fields'),
    target: z.exactOptional(
      z.record(
        z.string(),
        z.enum(
          ['text', 'json', 'optional text', 'optional json'],
          'must be "text", "json", "optional text" or "optional json"',
        ),
        'must be an object',
      ),
    ),
    headers: z.exactOptional(texts),
    token: z.exactOptional(z.strictObject({ ...request, value: pointer }, 'must be a request')),
    mint: z.strictObject(
      { ...request, id: z.exactOptional(pointer), value: z.exactOptional(pointer), limit: z.exactOptional(refusal) },
      'must be a request',
    ),
    list: z.exactOptional(
      z.strictObject(
        {
          ...request,
          items: pointer,
          id: pointer,
          name: z.exactOptional(pointer),
          value: z.exactOptional(pointer),
          createdAt: z.exactOptional(pointer),
          lastUsedAt: z.exactOptional(pointer),
          where: z.exactOptional(expectation),
          pages: z.exactOptional(parameter),
        },
        'must be a request',
      ),
    ),
    retire: z.exactOptional(z.union([retirement, z.array(retirement)], 'must be a request, or a list of requests')),
    accepts: z.strictObject(
      { ...request, refused: z.array(status, 'must be a list of statuses') },
      'must be a request',
    ),
  },
  'must be an object that says how keys are made, listed, ended and tried',
);

/**
 * A declaration that a deployer wrote into the administrator's secret.
 *
 * @throws InvalidSecret that names each wrong field, and quotes nothing
 */
export function parseDeclaration(written: unknown): Declaration {
  const { success, data, error } = schema.safeParse(written);
  if (!success) throw invalid(error.issues.map(told));
  const declaration: Declaration = { ...data, name: 'http', documentation: '' };
  const problems = problemsIn(declaration);
  if (problems.length > 0) throw invalid(problems.map(({ at, problem }) => `${field(at)} ${problem}`));
  return declaration;
}

function told({ path, code, message, ...issue }: z.core.$ZodIssue): string {
  const keys = code === 'unrecognized_keys' && 'keys' in issue ? issue.keys : undefined;
  if (keys) return `${field(path)} has members that mean nothing here: ${keys.join(', ')}`;
  return `${field(path)} ${message.startsWith('must') ? message : 'is missing or of another kind'}`;
}

function field(path: readonly PropertyKey[]): string {
  return `"${[DECLARATION, ...path.map(String)].join('.')}"`;
}

function invalid(problems: readonly string[]): InvalidSecret {
  return new InvalidSecret(`Field ${problems.join('; ')}. Correct the declaration.`);
}
