export const AWSCURRENT = 'AWSCURRENT';
export const AWSPENDING = 'AWSPENDING';
export const AWSPREVIOUS = 'AWSPREVIOUS';

/** Version ids and the staging labels that each of them holds. */
export type VersionStages = ReadonlyMap<string, readonly string[]>;

/**
 * Where the version stands in its rotation: `current` (the work is done, whatever other labels it holds), `pending`
 * (being rotated in) or `not staged` (it never was, or another rotation has replaced it).
 */
export function standing(stages: VersionStages, version: string): 'pending' | 'current' | 'not staged' {
  const labels = stages.get(version) ?? [];
  if (labels.includes(AWSCURRENT)) return 'current';
  return labels.includes(AWSPENDING) ? 'pending' : 'not staged';
}

/** The id of the version that holds the staging label, if any does. */
export function holderOf(stages: VersionStages, label: string): string | undefined {
  for (const [version, labels] of stages) if (labels.includes(label)) return version;
  return undefined;
}
