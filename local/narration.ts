import { styleText } from 'node:util';
import * as z from 'zod';
import type { Invocation } from './invocation.ts';

/** The function's own closing line of a step, see `shared/rotation/step-report.ts`. */
const closingLine = z.object({
  step: z.string().optional(),
  outcome: z.enum(['succeeded', 'failed']),
  result: z.string().optional(),
  errorCode: z.string().optional(),
});

// Whoever reads may go away before the end (`| head`); what was started is still brought to its end.
process.stdout.on('error', () => {});

/** Writes the lines; an empty one if there is none. */
export function say(...lines: readonly string[]): void {
  console.log(lines.join('\n'));
}

/** One line about a step that has ended, and the error's message below it if it failed. */
export function narrateStep(step: string, invocation: Invocation): readonly string[] {
  const took = styleText('dim', `${String(Math.round(invocation.durationMs)).padStart(5)} ms`);
  if (invocation.outcome === 'returned') {
    return [`  ${styleText('green', '✓')} ${step.padEnd(12)} ${took}  ${closingResult(invocation) ?? ''}`];
  }
  const { errorType, errorMessage } = invocation.error;
  return [
    `  ${styleText('red', '✗')} ${step.padEnd(12)} ${took}  ${styleText('red', errorType)}`,
    `      ${errorMessage}`,
  ];
}

/** Which version holds which staging labels, most important first; versions that hold none are left out. */
export function pictureOfStages(title: string, stages: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const rank = (labels: readonly string[]) =>
    labels.includes('AWSCURRENT') ? 0 : labels.includes('AWSPENDING') ? 1 : 2;
  const rows = [...stages]
    .filter(([, labels]) => labels.length > 0)
    .sort(([, a], [, b]) => rank(a) - rank(b))
    .map(
      ([version, labels]) =>
        `${labels.includes('AWSCURRENT') ? '●' : '○'} ${version.slice(0, 8)}  ${labels.join(', ')}`,
    );
  return (rows.length > 0 ? rows : ['no version yet']).map(
    (row, index) => `  ${styleText('dim', (index === 0 ? title : '').padEnd(8))} ${row}`,
  );
}

function closingResult({ log }: Invocation): string | undefined {
  for (const line of log.toReversed()) {
    const parsed = closingLine.safeParse(parseJson(line));
    if (parsed.success) return parsed.data.result ?? parsed.data.errorCode;
  }
  return undefined;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
