import * as z from 'zod';
import type { Setting } from '../../shared/settings/known-settings.ts';

/** Text of one form; `form` says in the error what is accepted, and never what was there. */
const text = (pattern: RegExp, form: string) =>
  z.string({ error: told(`must be ${form}`) }).regex(pattern, { error: `must be ${form}.` });
const strict = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject(shape, {
    error: ({ code, input }) =>
      code === 'invalid_type' ? told('must hold keys of its own, each on a line')({ input }) : undefined,
  });
const mapOf = <K extends z.ZodType<string, string>, V extends z.ZodType>(key: K, value: V) =>
  z.record(key, value, { error: told('must hold names, each with what belongs to it') });
const flag = z.boolean({ error: 'must be true or false.' });
const whole = (least: number, most: number) =>
  z
    .int({ error: `must be a whole number from ${least} to ${most}.` })
    .min(least, { error: `must be at least ${least}.` })
    .max(most, { error: `must be at most ${most}.` });

function told(form: string): (issue: { readonly input?: unknown }) => string {
  return ({ input }) => (input === undefined ? `is missing: it ${form}.` : `${form}.`);
}

/** The parts of a secret's name; the whole name is checked against what the service takes. */
const word = text(/^[A-Za-z0-9_+=.@!-]{1,100}$/, 'made of letters, digits and -_+=.@! (at most 100)');
const slug = text(/^[a-z][a-z0-9-]{0,19}$/, 'small letters, digits and hyphens, at most 20, beginning with a letter');
const region = text(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a Region, such as eu-central-1');
const keyArn = text(
  /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/,
  'the ARN of a KMS key (arn:aws:kms:…:key/…)',
);
const roleArn = text(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'the ARN of a role (arn:aws:iam::…:role/…)');
const userArn = text(/^arn:aws[a-z-]*:iam::\d{12}:user\/[\w+=,.@/-]+$/, 'the ARN of a user (arn:aws:iam::…:user/…)');
const rdsName = text(/^[A-Za-z][A-Za-z0-9-]{0,62}$/, 'the identifier that RDS shows');

/** @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Tag.html */
const tags = mapOf(
  text(
    /^(?!aws:|rotation:)[\p{L}\p{N} +=._:/@-]{1,127}$/u,
    'a tag key; aws: is reserved, and rotation: is written by "settings"',
  ),
  text(/^[\p{L}\p{N} +=._:/@-]{0,255}$/u, 'letters, digits, spaces and +-=._:/@ (quote numbers)'),
);
const replicas = mapOf(
  region,
  text(
    /^(default|arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+)$/,
    '"default", or the ARN of a KMS key of that Region',
  ),
);

const network = strict({
  vpc: text(/^vpc-[0-9a-f]{8,17}$/, 'the id of a VPC (vpc-…)'),
  subnets: mapOf(
    text(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, 'an availability zone, such as eu-central-1a'),
    text(/^subnet-[0-9a-f]{8,17}$/, 'the id of a subnet (subnet-…)'),
  ),
  databases: mapOf(text(/^sg-[0-9a-f]{8,17}$/, 'the security group of a database (sg-…)'), whole(1, 65_535)),
  aws: z.enum(['endpoint', 'nat'], {
    error: 'must be "endpoint" (interface endpoints are made) or "nat" (the VPC has a way to AWS already).',
  }),
});

const environment = strict({
  account: text(/^\d{12}$/, 'twelve digits, in quotes').optional(),
  region: region.optional(),
  key: keyArn.optional(),
  operators: z.array(roleArn, { error: 'must be a list of role ARNs.' }).min(1).optional(),
  replicas: replicas.optional(),
  tags: tags.optional(),
  network: network.optional(),
});

const generate = strict({
  field: text(/^.{1,100}$/u, 'the name of a field').optional(),
  length: whole(8, 4096).optional(),
  exclude: text(/^[\x21-\x7e]{0,94}$/, 'printable characters').optional(),
  alphanumeric: flag.optional(),
});

const settings = strict({
  fields: z
    .array(text(/^[\p{L}\p{N}+=._:/@-]+$/u, 'the name of a field, in letters that a tag can hold'), {
      error: 'must be a list of field names: [A, B].',
    })
    .min(1, { error: 'names no field. Remove it.' })
    .optional(),
  length: whole(1, 65_536).optional(),
  charset: z
    .enum(['ascii', 'alphanumeric', 'digits', 'hex', 'base64', 'base64url', 'uuid'], {
      error: 'must be ascii, alphanumeric, digits, hex, base64, base64url or uuid.',
    })
    .optional(),
  'first-user': text(/^[\p{L}\p{N}+=._:/@-]+$/u, 'the name of a user').optional(),
  overlap: flag.optional(),
  retire: z.enum(['next-rotation', 'at-once'], { error: 'must be next-rotation or at-once.' }).optional(),
} satisfies Record<Setting, z.ZodType>);

const secret = strict({
  kind: z.string({ error: 'must be the name of a folder of functions/.' }).optional(),
  description: text(/^[^\0]{1,2048}$/u, 'a text of at most 2048 characters').optional(),
  name: word.optional(),
  path: text(/^[A-Za-z0-9_+=.@!-]+(\/[A-Za-z0-9_+=.@!-]+)*$/, 'words joined by slashes').optional(),
  environments: z.array(z.string(), { error: 'must be a list of environments: [test, prod].' }).min(1).optional(),
  json: z
    .record(z.string(), z.json({ error: 'must be text, numbers, true, false, lists or keys.' }), {
      error: 'must hold the fields of the JSON object.',
    })
    .optional(),
  plain: z
    .array(text(/^[^\s,]{1,100}$/, 'the name of a field, without spaces and commas'), {
      error: 'must be a list of fields of "json" that look like secrets and are none: [A, B].',
    })
    .min(1, { error: 'names no field. Remove it.' })
    .optional(),
  generate: generate.optional(),
  filled: flag.optional(),
  settings: settings.optional(),
  superuser: z.string({ error: "must be GROUP/NAME of a secret in this file, or a secret's whole ARN." }).optional(),
  administrator: z
    .string({ error: "must be GROUP/NAME of a secret in this file, or a secret's whole ARN." })
    .optional(),
  powerfulKey: keyArn.optional(),
  database: strict({ instance: rdsName.optional(), cluster: rdsName.optional() }).optional(),
  user: userArn.optional(),
  dedicated: flag.optional(),
  rotation: strict({
    every: z.string({ error: 'must be days or hours, such as 30d or 12h.' }).optional(),
    cron: z.string({ error: 'must be the six fields of a cron expression, in quotes.' }).optional(),
    window: text(/^\d{1,2}h$/, 'whole hours, such as 3h').optional(),
    immediately: z.boolean({ error: 'must be true or false.' }).optional(),
  }).optional(),
  key: keyArn.optional(),
  replicas: replicas.optional(),
  tags: tags.optional(),
});

/**
 * What Lambda sets itself, and what would take the metrics away from the alarms that watch them, cannot be set.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 * @see https://docs.aws.amazon.com/powertools/typescript/latest/features/metrics/#configuration
 */
const variable = text(
  /^(?!AWS_(?:LAMBDA_|ACCESS_KEY|SECRET_ACCESS_KEY$|SESSION_TOKEN$|(?:DEFAULT_)?REGION$|EXECUTION_ENV$)|LAMBDA_|POWERTOOLS_(?:METRICS_|DEV$))[A-Z][A-Z0-9_]*$/,
  'the name of an environment variable, none that Lambda sets itself and none that hides the metrics from the alarms',
);

/** The file of secrets, as it is written. What one part means for another is checked elsewhere. */
export const secretsFile = strict({
  project: slug,
  context: text(/^[A-Za-z0-9_+=.@!-]+(\/[A-Za-z0-9_+=.@!-]+)*$/, 'words joined by slashes').optional(),
  naming: text(/^[^\0]{1,512}$/u, 'a pattern of names, of at most 512 characters').optional(),
  environments: mapOf(slug, environment),
  tags: tags.optional(),
  functions: mapOf(
    z.string(),
    strict({
      environment: mapOf(variable, text(/^[\s\S]{0,1024}$/, 'text (quote numbers and words such as true)')).optional(),
      concurrency: whole(1, 100).optional(),
    }),
  ).optional(),
  monitoring: strict({
    emails: z
      .array(z.email({ error: 'must be a mail address.' }), { error: 'must be a list of mail addresses.' })
      .optional(),
    trail: z.enum(['existing', 'create'], { error: 'must be "existing" or "create".' }).optional(),
  }).optional(),
  groups: mapOf(
    word,
    strict({
      description: z.string({ error: 'must be text.' }).optional(),
      tags: tags.optional(),
      secrets: mapOf(word, secret),
    }),
  ),
});

export type SecretsFile = z.infer<typeof secretsFile>;
export type EnvironmentText = z.infer<typeof environment>;
export type SecretText = z.infer<typeof secret>;
export type NetworkText = z.infer<typeof network>;

/** The keys that may stand at a path of the file; none where anything may. */
export function acceptedKeys(path: readonly PropertyKey[]): readonly string[] {
  let at: unknown = secretsFile;
  for (const step of path) {
    const inner = unwrapped(at);
    if (inner instanceof z.ZodObject) at = inner.shape[String(step)];
    else if (inner instanceof z.ZodRecord) at = inner.valueType;
    else return [];
  }
  const inner = unwrapped(at);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

const unwrapped = (schema: unknown): unknown => (schema instanceof z.ZodOptional ? schema.unwrap() : schema);
