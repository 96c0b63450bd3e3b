import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Zippable, zipSync } from 'fflate';
import type { Bundle } from '../../build.ts';

/** Zip knows no time zone: these are the fields of the local clock, the same in every place. */
const EPOCH_OF_ZIP = new Date(1980, 0, 1);
const UNIX = 3;
/** A file that everybody may read and its owner may write: Lambda runs it as another user. */
const MODE = 0o100644;

/**
 * What Lambda deploys of a bundle. The same bytes from the same files: sorted names, one fixed time and mode, and only what
 * the bundle consists of, whatever an earlier build left beside it.
 */
export async function archive({ files }: Pick<Bundle, 'files'>): Promise<Uint8Array> {
  const entries: Zippable = {};
  for (const file of files.toSorted()) {
    entries[basename(file)] = [await readFile(file), { os: UNIX, attrs: MODE << 16 }];
  }
  return zipSync(entries, { level: 9, mtime: EPOCH_OF_ZIP });
}
