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
  const folder = mkdtempSync(join(tmpdir(), 'secrets-file-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'secrets.yaml');
  writeFileSync(file, text);
  return file;
}

/** Writes the record as the command does. */
export function record(file: string): void {
  writeFileSync(recordOf(file), extended(readDeclaration(file), readRecord(file)).text);
}

export function recorded(text: string): DeployableSecrets {
  const file = writtenFile(text);
  record(file);
  return readDeployable(file);
}

/** What is wrong with the file, a line each, without the path of the file. */
export function refusal(file: string, read: (file: string) => unknown = readDeclaration): readonly string[] {
  try {
    read(file);
  } catch (error) {
    if (error instanceof SecretsFileRefused) return error.message.replaceAll(/^.*\/(?=secrets\.)/gm, '').split('\n');
    throw error;
  }
  return [];
}
