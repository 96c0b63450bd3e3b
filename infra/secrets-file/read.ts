import { readFileSync } from 'node:fs';
import type * as z from 'zod';
import { chooseOf } from '../../shared/settings/nearest.ts';
import { checks } from './checks.ts';
import type { Declaration, DeclaredEnvironment, DeclaredSecret } from './declaration.ts';
import { declare } from './declare.ts';
import { type Finding, type Problem, SecretsFileRefused } from './problem.ts';
import { againstRecord, parseRecord, recordKey, type SecretsRecord } from './record.ts';
import { acceptedKeys, secretsFile } from './schema.ts';
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
  const { declaration, lineOf } = read(file);
  const record = readRecord(file);
  const { findings, removed } = againstRecord(declaration, record, file);
  refuseIfAny([
    ...located(file, findings, lineOf),
    ...removed.map((problem) => ({ file: recordOf(file), key: '', ...problem })),
  ]);
  return { ...declaration, stackOf: (environment, secret) => record.get(recordKey(environment, secret))?.stack ?? 1 };
}

/** @throws SecretsFileRefused with all that is wrong in the file, whatever was recorded of it */
export function readDeclaration(file: string): Declaration {
  return read(file).declaration;
}

/** @throws SecretsFileRefused if a line cannot be read; a file that is not there is an empty record */
export function readRecord(file: string): SecretsRecord {
  const { record, problems } = parseRecord(textOf(recordOf(file)) ?? '');
  refuseIfAny(problems.map((problem) => ({ file: recordOf(file), key: '', ...problem })));
  return record;
}

function read(file: string): { readonly declaration: Declaration; readonly lineOf: YamlText['lineOf'] } {
  const text = textOf(file) ?? refuse(file, 'there is no such file. Name one with -c secrets=PATH.');
  const { content, problems, lineOf } = yamlText(text);
  const telling = secretLookingLines(text);
  const parsed = problems.length === 0 ? secretsFile.safeParse(content) : undefined;
  const findings = parsed?.success ? checks(parsed.data) : (parsed?.error.issues ?? []).flatMap(findingsOf);
  // Where a value stands, nothing else is said of the line: it might quote the value.
  const quotable = located(file, findings, lineOf).filter(({ line }) => !telling.some((other) => other.line === line));
  refuseIfAny([...[...problems, ...telling].map((problem) => ({ file, key: '', ...problem })), ...quotable]);
  if (!parsed?.success) throw new Error('A file that could not be read has no problem: report this as a bug.');
  return { declaration: declare(parsed.data), lineOf };
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
