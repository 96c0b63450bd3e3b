import { FATES, type Fate } from './effects.ts';

/** What somebody does in a story. Everything that happens between two moves is told by the state. */
export type Move =
  | { readonly by: 'service'; readonly does: 'rotate' | 'step' | 'whole' | 'twice' | 'give up' }
  | { readonly by: 'function'; readonly fate: Fate; readonly at: number }
  | { readonly by: 'late run'; readonly does: 'go on' | 'one effect' }
  | { readonly by: 'operator'; readonly does: OperatorMove }
  | { readonly by: 'writer'; readonly does: 'plant candidate' | 'plant current'; readonly which: number }
  | { readonly by: 'time'; readonly does: 'pass' };

export const OPERATOR_MOVES = [
  'edit the secret',
  'change the target',
  'change both',
  'clear AWSPENDING',
  'roll back the label',
  'roll back both',
  'promote AWSPENDING',
  'cancel rotation',
  'correct the secret',
] as const;
export type OperatorMove = (typeof OPERATOR_MOVES)[number];

/** More effects than any step has. */
const MOST_EFFECTS = 14;

const plain: readonly Move[] = [
  { by: 'service', does: 'rotate' },
  { by: 'service', does: 'whole' },
  { by: 'service', does: 'step' },
  ...OPERATOR_MOVES.map((does) => ({ by: 'operator', does }) as const),
  { by: 'time', does: 'pass' },
  { by: 'late run', does: 'go on' },
  { by: 'service', does: 'give up' },
  { by: 'service', does: 'twice' },
  ...[0, 1, 2].flatMap((which) => [
    { by: 'writer', does: 'plant candidate', which } as const,
    { by: 'writer', does: 'plant current', which } as const,
  ]),
  { by: 'late run', does: 'one effect' },
];

const cut = Array.from({ length: MOST_EFFECTS }, (_, effect) =>
  FATES.map((fate) => ({ by: 'function', fate, at: effect + 1 }) as const),
).flat();

/** Everything that may happen next, the likeliest first. */
export const MOVES: readonly Move[] = [...plain, ...cut];

/** One line of a story. */
export function told(move: Move): string {
  switch (move.by) {
    case 'service':
      return {
        rotate: 'rotate-secret is called, or the schedule does the same',
        step: 'the service invokes the next step',
        whole: 'the service invokes the steps up to the last, and repeats them if one fails',
        twice: 'two copies of the next step run at once, effect by effect',
        'give up': 'the service gives the rotation up',
      }[move.does];
    case 'function':
      return `the service invokes the next step; the run is ${move.fate} its effect ${move.at}`;
    case 'late run':
      return move.does === 'go on' ? 'a run that was held up goes on' : 'a run that was held up does one effect more';
    case 'operator':
      return `the operator: ${OPERATOR_WORDS[move.does]}`;
    case 'writer':
      return `somebody with write rights only puts a value (${move.which}) ${move.does === 'plant candidate' ? 'under the token of AWSPENDING' : 'as AWSCURRENT'}`;
    case 'time':
      return 'time passes';
  }
}

const OPERATOR_WORDS: Readonly<Record<OperatorMove, string>> = {
  'edit the secret': 'stores the secret with one more field',
  'change the target': 'changes the credential at the target, and stores nothing',
  'change both': 'changes the credential at the target, and stores it (a leak, say)',
  'clear AWSPENDING': 'takes AWSPENDING off',
  'roll back the label': 'moves AWSCURRENT back to AWSPREVIOUS',
  'roll back both': 'moves AWSCURRENT back to AWSPREVIOUS, and makes the target accept it',
  'promote AWSPENDING': 'moves AWSCURRENT to AWSPENDING',
  'cancel rotation': 'calls cancel-rotate-secret',
  'correct the secret': 'stores a value that works once more',
};
