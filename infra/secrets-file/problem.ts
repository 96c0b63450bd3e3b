/** One thing that is wrong, in which file and where, and what to do. It never quotes a value. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  /** The keys that lead there, joined by dots; empty for the file as a whole. */
  readonly key: string;
  /** What is wrong, and the remedy. */
  readonly says: string;
}

/** Where in the file: the keys and indexes that lead to it. */
export type Path = readonly PropertyKey[];

/** Something wrong at a path, before anybody has looked for its line. */
export interface Finding {
  readonly path: Path;
  readonly says: string;
  /** Of a first value: it can not change once it was recorded, so what was recorded as it stands is left alone. */
  readonly unlessRecorded?: true;
}

/** The file of secrets, or the record beside it, cannot be deployed from. All that is wrong is told at once. */
export class SecretsFileRefused extends Error {
  override readonly name = 'SecretsFileRefused';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems
      .toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line)
      .map(({ file, line, key, says }) => `${file}:${line}: ${key === '' ? '' : `${key}: `}${says}`);
    super([...new Set(lines)].join('\n'));
    this.problems = problems;
  }
}
