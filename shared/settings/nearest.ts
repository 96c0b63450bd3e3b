/** A remedy for a word that is none of the accepted ones: the nearest if it looks like a slip, then all of them. */
export function chooseOf(word: string, accepted: readonly string[]): string {
  const near = nearest(word, accepted, (candidate) => Math.max(1, Math.floor(candidate.length / 3)));
  const list = accepted.length === 0 ? 'there are none' : `accepted: ${accepted.join(', ')}`;
  return near === undefined ? `${list}.` : `did you mean "${near}"? (${list})`;
}

/** The accepted word that takes the fewest edits, if it takes no more than `most` for it. */
export function nearest(
  word: string,
  accepted: readonly string[],
  most: (candidate: string) => number,
): string | undefined {
  return accepted
    .map((candidate) => ({ candidate, edits: distance(word, candidate) }))
    .toSorted((a, b) => a.edits - b.edits)
    .find(({ candidate, edits }) => edits <= most(candidate))?.candidate;
}

/** Levenshtein's: how many letters to add, remove or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
