/** Something measured, and the most that it may be. */
export interface Figure {
  readonly name: string;
  readonly measured: number;
  readonly atMost: number;
  readonly unit: string;
  /** How many decimal places are worth reading; none unless given. */
  readonly decimals?: number;
  /** The same of the AWS-provided rotation template, where that is known. */
  readonly template?: string;
  /** What the figure is made of, for whoever wants to know more. */
  readonly detail?: string;
}

export function isMet({ measured, atMost }: Figure): boolean {
  return measured <= atMost;
}

/** One line a figure, in columns. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    `at most ${written(figure, figure.atMost)}`,
    written(figure, figure.measured),
    isMet(figure) ? 'met' : 'MISSED',
    figure.template ?? '–',
    figure.detail ?? '',
  ]);
  const lines = [['figure', 'target', 'measured', 'verdict', 'AWS template', ''], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function written({ unit, decimals = 0 }: Figure, value: number): string {
  return `${value.toFixed(decimals)} ${unit}`.trimEnd();
}
