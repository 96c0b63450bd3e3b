import { writeFileSync } from 'node:fs';
import { SecretsFileRefused } from './secrets-file/problem.ts';
import { readDeclaration, readRecord, recordOf } from './secrets-file/read.ts';
import { extended } from './secrets-file/record.ts';

const file = process.argv[2] ?? 'infra/secrets.yaml';
try {
  const { text, added } = extended(readDeclaration(file), readRecord(file));
  writeFileSync(recordOf(file), text);
  console.log(added.length === 0 ? 'Nothing new.' : `Recorded in ${recordOf(file)}: ${added.join(', ')}`);
} catch (error) {
  if (!(error instanceof SecretsFileRefused)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
