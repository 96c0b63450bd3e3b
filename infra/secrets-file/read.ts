import { readFileSync } from 'node:fs';
import type * as z from 'zod';
import { chooseOf } from '../../shared/settings/nearest.ts';
import { checks } from './checks.ts';
import type { Declaration, DeclaredEnvironment, DeclaredSecret } from './declaration.ts';
import { declare, plainFields, recordableSecrets } from './declare.ts';
import { type Finding, type Path, type Problem, SecretsFileRefused } from './problem.ts';
import { againstRecord, isRecorded, parseRecord, recordedShape, recordKey, type SecretsRecord } from './record.ts';
import { acceptedKeys, type SecretsFile, secretsFile } from './schema.ts';
import { secretLookingLines } from './secret-looking.ts';
import { type YamlText, yamlText } from './yaml-text.ts';

/** A file of secrets in which nothing is wrong, and that keeps to what was recorded of it. */
export interface DeployableSecrets extends Declaration {
  /** The number of the stack that a secret lives in, for good. */
  stackOf(environment: DeclaredEnvironment, secret: DeclaredSecret): number;
}

/** The record lies beside its file: `infra/secrets.record` for `infra/secrets.yaml`. */
export const recordOf = (file: string): string => `${file.replace(/\.ya?ml$/, '')}.record`;

/** @throws SecretsFileRefused with all that is wrong in the file and its record */
export function readDeployable(file: string): DeployableSecrets {
  const { record, problems } = recordBeside(file);
  const read = readFile(file, record);
  const { findings, removed } = read.parsed
    ? againstRecord(read.parsed.project, recordableSecrets(read.parsed), record, file)
    : { findings: [], removed: [] };
  refuseIfAny([
    ...read.problems,
    ...problems,
    ...located(file, findings, read.lineOf),
    ...removed.map((problem) => ({ file: recordOf(file), key: '', ...problem })),
  ]);
  const declaration = declared(read);
  const asRecorded = (environment: DeclaredEnvironment, secret: DeclaredSecret): DeclaredSecret => ({
    ...secret,
    shape: recordedShape(secret, record.secrets.get(recordKey(environment, secret))) ?? secret.shape,
  });
  return {
    ...declaration,
    environments: declaration.environments.map((environment) => ({
      ...environment,
      secrets: environment.secrets.map((secret) => asRecorded(environment, secret)),
    })),
    stackOf: (environment, secret) => record.secrets.get(recordKey(environment, secret))?.stack ?? 1,
  };
}

/** @throws SecretsFileRefused with all that is wrong in the file, whatever was recorded of it */
export function readDeclaration(file: string): Declaration {
  const read = readFile(file, recordBeside(file).record);
  refuseIfAny(read.problems);
  return declared(read);
}

/** @throws SecretsFileRefused if a line cannot be read; a file that is not there is an empty record */
export function readRecord(file: string): SecretsRecord {
  const { record, problems } = recordBeside(file);
  refuseIfAny(problems);
  return record;
}

function recordBeside(file: string): { readonly record: SecretsRecord; readonly problems: readonly Problem[] } {
  const { record, problems } = parseRecord(textOf(recordOf(file)) ?? '');
  return { record, problems: problems.map((problem) => ({ file: recordOf(file), key: '', ...problem })) };
}

interface ReadFile {
  /** What could be understood, with what could not left out; undefined if that is nothing whole. */
  readonly parsed: SecretsFile | undefined;
  readonly problems: readonly Problem[];
  readonly lineOf: YamlText['lineOf'];
}

function declared({ parsed }: ReadFile): Declaration {
  if (parsed === undefined) throw new Error('A file that could not be read has no problem: report this as a bug.');
  return declare(parsed);
}

/** All passes look at the file, so that everything is told at once. */
function readFile(file: string, record: SecretsRecord): ReadFile {
  const text = textOf(file) ?? refuse(file, 'there is no such file. Name one with -c secrets=PATH.');
  const { content, problems, lineOf, changedNumbers, textWithout } = yamlText(text);
  const { parsed, findings: wrong } = problems.length === 0 ? understood(content) : { parsed: undefined, findings: [] };
  const telling = secretLookingLines(textWithout(parsed ? plainFields(parsed) : []));
  const findings = [...wrong, ...changedNumbers.map(changedNumber)];
  const recordable = parsed ? recordableSecrets(parsed) : [];
  const asked = findings.filter(({ path, unlessRecorded }) => !unlessRecorded || !isRecorded(path, recordable, record));
  // Where a value stands, nothing else is said of the line: it might quote the value.
  const quotable = located(file, asked, lineOf).filter(({ line }) => !telling.some((other) => other.line === line));
  const all = [...[...problems, ...telling].map((problem) => ({ file, key: '', ...problem })), ...quotable];
  return { parsed, problems: all, lineOf };
}

function changedNumber(path: Path): Finding {
  return {
    path,
    says: 'is a number that would not be stored as it is written (too many digits, leading or trailing zeros, another base). Quote it if it is text; otherwise write it plainly.',
    unlessRecorded: true,
  };
}

/** What is of the wrong form is told, and the rest is looked at without it. */
function understood(content: unknown): { parsed: SecretsFile | undefined; findings: readonly Finding[] } {
  const whole = secretsFile.safeParse(content);
  if (whole.success) return { parsed: whole.data, findings: checks(whole.data) };
  const malformed = whole.error.issues.flatMap(findingsOf);
  const rest = secretsFile.safeParse(malformed.reduce((left, { path }) => without(left, path), content));
  if (!rest.success) return { parsed: undefined, findings: malformed };
  const others = checks(rest.data).filter(({ path }) => !malformed.some((other) => sharesPart(path, other.path)));
  return { parsed: rest.data, findings: [...malformed, ...others] };
}

/** A secret, an environment or a function of which something was left out may look wrong for that alone. */
function sharesPart(one: Path, other: Path): boolean {
  const part = one[0] === 'groups' ? 4 : 2;
  return one.slice(0, part).every((step, index) => step === other[index]);
}

function without(content: unknown, [step, ...steps]: Path): unknown {
  if (typeof content !== 'object' || content === null || step === undefined) return content;
  if (Array.isArray(content)) return content.filter((_, index) => index !== Number(step));
  const entries = Object.entries(content).flatMap(([name, value]): [string, unknown][] => {
    if (name !== String(step)) return [[name, value]];
    return steps.length === 0 ? [] : [[name, without(value, steps)]];
  });
  return Object.fromEntries(entries);
}

function findingsOf(issue: z.core.$ZodIssue): readonly Finding[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      says: `is no key that may stand here: ${chooseOf(key, acceptedKeys(issue.path))}`,
    }));
  }
  const [inner] = issue.code === 'invalid_key' ? issue.issues : [];
  return [{ path: issue.path, says: inner?.message ?? issue.message }];
}

function located(file: string, findings: readonly Finding[], lineOf: YamlText['lineOf']): readonly Problem[] {
  return findings.map(({ path, says }) => ({ file, line: lineOf(path), key: path.map(String).join('.'), says }));
}

function refuseIfAny(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new SecretsFileRefused(problems);
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return undefined;
    return refuse(file, `cannot be read (${code}). Name a file that can, with -c secrets=PATH.`);
  }
}

function refuse(file: string, says: string): never {
  throw new SecretsFileRefused([{ file, line: 1, key: '', says }]);
}
