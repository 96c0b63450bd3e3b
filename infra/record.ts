import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { SecretsFileRefused } from './secrets-file/problem.ts';
import { readDeclaration, readRecord, recordOf } from './secrets-file/read.ts';
import { extended } from './secrets-file/record.ts';

const { values, positionals } = parseArgs({
  options: { context: { type: 'string', short: 'c', multiple: true } },
  allowPositionals: true,
});
/** As `npm run synth` takes it: `-c secrets=PATH`. */
const named = values.context?.map((pair) => /^secrets=(.+)$/.exec(pair)?.[1]).findLast((path) => path !== undefined);
const file = named ?? positionals[0] ?? 'infra/secrets.yaml';
try {
  const { text, added } = extended(readDeclaration(file), readRecord(file));
  writeFileSync(recordOf(file), text);
  console.log(added.length === 0 ? 'Nothing new.' : `Recorded in ${recordOf(file)}: ${added.join(', ')}`);
} catch (error) {
  if (!(error instanceof SecretsFileRefused)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
