import type { Declaration, DeclaredEnvironment, DeclaredSecret } from './declaration.ts';
import type { Finding } from './problem.ts';

/**
 * What was promised of each secret: the stack that it lives in, and what CloudFormation makes its first value of. It writes
 * a new value over the live one if the latter changes, and cannot move a secret that it retains. One line a secret,
 * `ENVIRONMENT NAME STACK SHAPE`, sorted, so that branches merge; lines are added by a command and removed by people.
 */
export type SecretsRecord = ReadonlyMap<string, RecordedSecret>;

export interface RecordedSecret {
  readonly line: number;
  /** Counts from 1. */
  readonly stack: number;
  /** JSON, compared as it stands: the order of fields is part of a value. */
  readonly shape: string;
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
  const problems: { line: number; says: string }[] = [];
  for (const [index, content] of text.split('\n').entries()) {
    const line = index + 1;
    if (content.trim() === '' || content.startsWith('#')) continue;
    const [, key, stack, shape] = /^(\S+ \S+) ([1-9]\d{0,3}) (.+?)\s*$/.exec(content) ?? [];
    if (key === undefined || stack === undefined || shape === undefined) {
      problems.push({
        line,
        says: 'is not ENVIRONMENT NAME STACK SHAPE. Take the line from the history of this file.',
      });
    } else if (record.has(key)) {
      problems.push({ line, says: `names ${key} again. Keep the line that was deployed.` });
    } else {
      record.set(key, { line, stack: Number(stack), shape });
    }
  }
  return { record, problems };
}

/** What the record holds against the file of secrets, and what the file has that was not recorded. */
export function againstRecord(declaration: Declaration, record: SecretsRecord, file: string) {
  const declared = [...keyed(declaration)];
  const keys = new Set(declared.map(({ key }) => key));
  const findings = declared.flatMap(({ key, secret }): Finding[] => {
    const recorded = record.get(key);
    if (recorded === undefined) {
      return [
        {
          path: secret.path,
          says: `${key} is not recorded yet. Run "npm run record -- ${file}" and commit what it adds.`,
        },
      ];
    }
    if (recorded.shape === JSON.stringify(secret.shape)) return [];
    return [
      {
        path: secret.path,
        says: `the first value of ${key} is not what was recorded (line ${recorded.line}: ${recorded.shape}); deploying this would write a new value over the live one. Put it back, and change the value itself with "aws secretsmanager put-secret-value". If the secret was never deployed, remove its line from the record, and record it again.`,
      },
    ];
  });
  const removed = [...record].flatMap(([key, { line }]) =>
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

/** The record with a line for each secret that had none; those that are there stay as they are. */
export function extended(declaration: Declaration, record: SecretsRecord): { text: string; added: readonly string[] } {
  const entries = new Map<string, Omit<RecordedSecret, 'line'>>(record);
  const added: string[] = [];
  for (const { key, environment, secret } of keyed(declaration)) {
    if (entries.has(key)) continue;
    entries.set(key, { stack: firstWithRoom(environment.name, entries), shape: JSON.stringify(secret.shape) });
    added.push(key);
  }
  const lines = [...entries].map(([key, { stack, shape }]) => `${key} ${stack} ${shape}\n`);
  return { text: HEADER + lines.toSorted().join(''), added };
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

function* keyed(declaration: Declaration) {
  for (const environment of declaration.environments) {
    for (const secret of environment.secrets) yield { key: recordKey(environment, secret), environment, secret };
  }
}
