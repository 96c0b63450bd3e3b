import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { SecretsFileRefused } from '../../../infra/secrets-file/problem.ts';
import {
  type DeployableSecrets,
  readDeclaration,
  readDeployable,
  readRecord,
  recordOf,
} from '../../../infra/secrets-file/read.ts';
import { extended } from '../../../infra/secrets-file/record.ts';

/** A file of secrets on disk until the test ends. */
export function writtenFile(text: string): string {
  const { file, remove } = written(text);
  onTestFinished(remove);
  return file;
}

function written(text: string): { readonly file: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-file-'));
  const file = join(folder, 'secrets.yaml');
  writeFileSync(file, text);
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Writes the record as the command does. */
export function record(file: string): void {
  writeFileSync(recordOf(file), extended(readDeclaration(file), readRecord(file)).text);
}

/** What a file asks for once it is recorded; also outside of a test. */
export function recorded(text: string): DeployableSecrets {
  const { file, remove } = written(text);
  try {
    record(file);
    return readDeployable(file);
  } finally {
    remove();
  }
}

/** What is wrong with the file, a line each, without the path of the file. */
export function refusal(file: string, read: (file: string) => unknown = readDeclaration): readonly string[] {
  try {
    read(file);
  } catch (error) {
    if (error instanceof SecretsFileRefused) return error.message.replaceAll(/^\S*\/(?=secrets\.)/gm, '').split('\n');
    throw error;
  }
  return [];
}
