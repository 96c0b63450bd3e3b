import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MUTATIONS, type Mutation } from './mutations.ts';

const ROOT = new URL('../../', import.meta.url);

/** The file's text with the mend undone. @throws Error unless the text stands there exactly once */
export function undone({ file, from, to }: Mutation): string {
  const text = readFileSync(fileURLToPath(new URL(file, ROOT)), 'utf8');
  const parts = text.split(from);
  if (parts.length !== 2)
    throw new Error(`${file} holds the text of a mend ${parts.length - 1} times, not once: ${from}`);
  return parts.join(to);
}

/** Loaded before the explorer: lets this process alone see the source with one mend undone. The tree stays as it is. */
const chosen = process.env['UNDONE_MEND'];
if (chosen !== undefined) {
  const mutation = MUTATIONS[Number(chosen)];
  if (mutation === undefined) throw new Error(`There is no mend ${chosen}.`);
  const url = pathToFileURL(fileURLToPath(new URL(mutation.file, ROOT))).href;
  const source = undone(mutation);
  registerHooks({
    load: (asked, context, next) =>
      asked === url ? { format: 'module-typescript', source, shortCircuit: true } : next(asked, context),
  });
}
