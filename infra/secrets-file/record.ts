import type { Declaration, DeclaredEnvironment, DeclaredSecret } from './declaration.ts';
import type { Finding, Path } from './problem.ts';
import type { Shape } from './shape.ts';

/**
 * What was promised of each secret: the stack that it lives in, and what CloudFormation makes its first value of. It writes
 * a new value over the live one if the latter changes, and cannot move a secret that it retains. One line a secret,
 * `ENVIRONMENT NAME STACK SHAPE`, sorted, so that branches merge, below the project's name; lines are added by a command and removed by people.
 */
export interface SecretsRecord {
  /** Begins the names of all stacks; undefined where nothing is recorded yet, or by an older version. */
  readonly project: string | undefined;
  readonly secrets: ReadonlyMap<string, RecordedSecret>;
}

export interface RecordedSecret {
  readonly line: number;
  /** Counts from 1. */
  readonly stack: number;
  /** JSON, compared as it stands: the order of fields is part of a value. */
  readonly shape: string;
  /** Fields that look like secrets and are none, as somebody has looked at and committed. */
  readonly plain: readonly string[];
}

/** Three resources each, and at most about 6 kB: far below the 500 resources and the 1 MB that a stack may have. */
export const SECRETS_A_STACK = 100;

const HEADER = `# Which stack each secret lives in and what its first value was made of: neither can change once it is deployed.
# Lines are added by "npm run record". Remove one only with its secret, or if that was never deployed.
`;

export function parseRecord(text: string): {
  readonly record: SecretsRecord;
  readonly problems: readonly { readonly line: number; readonly says: string }[];
} {
  const record = new Map<string, RecordedSecret>();
  let project: string | undefined;
  const problems: { line: number; says: string }[] = [];
  for (const [index, content] of text.split('\n').entries()) {
    const line = index + 1;
    if (content.trim() === '' || content.startsWith('#')) continue;
    const [, named] = /^project ([a-z][a-z0-9-]*)\s*$/.exec(content) ?? [];
    if (named !== undefined && project === undefined) {
      project = named;
      continue;
    }
    const [, key, stack, shape, plain] = /^(\S+ \S+) ([1-9]\d{0,3}) (.+?)(?: plain (\S+))?\s*$/.exec(content) ?? [];
    if (key === undefined || stack === undefined || shape === undefined) {
      problems.push({
        line,
        says: 'is not ENVIRONMENT NAME STACK SHAPE. Take the line from the history of this file.',
      });
    } else if (record.has(key)) {
      problems.push({ line, says: `names ${key} again. Keep the line that was deployed.` });
    } else {
      record.set(key, { line, stack: Number(stack), shape, plain: plain?.split(',') ?? [] });
    }
  }
  return { record: { project, secrets: record }, problems };
}

/** What the record holds against the file of secrets, and what the file has that was not recorded. */
export function againstRecord(project: string, declared: readonly Recordable[], record: SecretsRecord, file: string) {
  const keys = new Set(declared.map(({ key }) => key));
  const changed = declared.flatMap((secret): Finding[] => {
    const { key, path } = secret;
    const recorded = record.secrets.get(key);
    if (recorded === undefined || recordedShape(secret, recorded)) return [];
    return [
      {
        path,
        says: `the first value of ${key} is not what was recorded (line ${recorded.line}: ${recorded.shape}); deploying this would write a new value over the live one. Put it back, and change the value itself with "aws secretsmanager put-secret-value". If the secret was never deployed, remove its line from the record, and record it again.`,
      },
    ];
  });
  const findings = [...renamed(project, record), ...unrecorded(declared, record, file), ...changed];
  const removed = [...record.secrets].flatMap(([key, { line }]) =>
    keys.has(key)
      ? []
      : [
          {
            line,
            says: `${key} is recorded and no longer declared. Put it back; or, if it is to go, remove this line too: the secret itself stays until "aws secretsmanager delete-secret". A new name makes a new secret with a new value.`,
          },
        ],
  );
  return { findings, removed };
}

function renamed(project: string, record: SecretsRecord): readonly Finding[] {
  if (record.project === undefined || record.project === project) return [];
  return [
    {
      path: ['project'],
      says: `is not ${JSON.stringify(record.project)}, as recorded. Every stack would get another name: CloudFormation would make all of them once more, beside those that are there. Put it back.`,
    },
  ];
}

/** One message, however many there are. */
function unrecorded(declared: readonly Recordable[], { secrets }: SecretsRecord, file: string): readonly Finding[] {
  const [first, ...others] = declared.filter(
    ({ key, plain }) => !secrets.has(key) || plain.some((field) => !secrets.get(key)?.plain.includes(field)),
  );
  if (first === undefined) return [];
  const are = others.length === 0 ? 'is' : `and ${others.length} more (${others.map(({ key }) => key).join(', ')}) are`;
  return [
    {
      path: first.path,
      says: `${first.key} ${are} not recorded yet. Run "npm run record -- ${file}" and commit what it adds.`,
    },
  ];
}

/** The record with a line for each secret that had none; those that are there stay as they are. */
export function extended(declaration: Declaration, record: SecretsRecord): { text: string; added: readonly string[] } {
  const entries = new Map<string, Omit<RecordedSecret, 'line'>>(record.secrets);
  const added: string[] = [];
  for (const { key, environment, shape, plain } of recordable(declaration)) {
    const known = entries.get(key);
    if (known && plain.every((field) => known.plain.includes(field))) continue;
    const { stack, shape: as } = known ?? {
      stack: firstWithRoom(environment, entries),
      shape: JSON.stringify(shape),
    };
    entries.set(key, { stack, shape: as, plain });
    added.push(key);
  }
  const lines = [...entries].map(
    ([key, { stack, shape, plain }]) =>
      `${key} ${stack} ${shape}${plain.length > 0 ? ` plain ${plain.join(',')}` : ''}\n`,
  );
  const project = `project ${record.project ?? declaration.project}\n`;
  return { text: HEADER + project + lines.toSorted().join(''), added };
}

function firstWithRoom(environment: string, entries: ReadonlyMap<string, { readonly stack: number }>): number {
  const taken = new Map<number, number>();
  for (const [key, { stack }] of entries) {
    if (key.startsWith(`${environment} `)) taken.set(stack, (taken.get(stack) ?? 0) + 1);
  }
  let stack = 1;
  while ((taken.get(stack) ?? 0) >= SECRETS_A_STACK) stack++;
  return stack;
}

export const recordKey = (environment: DeclaredEnvironment, secret: DeclaredSecret): string =>
  `${environment.name} ${secret.name}`;

/** That of the two which was recorded; undefined if it was another. */
export function recordedShape(
  { shape, literalShape }: Pick<Recordable, 'shape' | 'literalShape'>,
  recorded: Pick<RecordedSecret, 'shape'> | undefined,
): Shape | undefined {
  return [shape, literalShape].find((one) => JSON.stringify(one) === recorded?.shape);
}

/** Whether the secret at that path is recorded in every environment, just as it stands in the file. */
export function isRecorded(path: Path, declared: readonly Recordable[], { secrets }: SecretsRecord): boolean {
  const own = declared.filter((one) => one.path.every((step, index) => step === path[index]));
  return own.length > 0 && own.every((one) => recordedShape(one, secrets.get(one.key)) !== undefined);
}

/** One secret in one environment, as far as it is recorded. */
export interface Recordable {
  readonly key: string;
  readonly environment: string;
  readonly path: Path;
  readonly shape: Shape;
  readonly literalShape: Shape;
  readonly plain: readonly string[];
}

function recordable(declaration: Declaration): readonly Recordable[] {
  return declaration.environments.flatMap((environment) =>
    environment.secrets.map((secret) => ({
      key: recordKey(environment, secret),
      environment: environment.name,
      path: secret.path,
      shape: secret.shape,
      literalShape: secret.literalShape,
      plain: secret.plain,
    })),
  );
}
