import { sharedToken } from '../../../shared/strategies/shared-token.ts';
import { containerOf, field, type Target, withFields, without } from './target.ts';

/** Two tokens in one secret; verifiers take both. */
export function sharedTokenTarget(): Target {
  return {
    initial: '{"current":"initial-token-of-nothing","previous":""}',
    container: () => containerOf(sharedToken()),
    credential: (value) => field(value, 'current'),
    rest: (value) => without(value, 'current', 'previous'),
    works: (value) => field(value, 'current') !== undefined,
    accepted: () => [],
    change: (value, nth) => withFields(value, { current: `changed-by-hand-${nth}`, previous: field(value, 'current') }),
    accept: () => undefined,
    planted: (value) => [withFields(value, { current: 'x' }), withFields(value, { previous: 'planted' }), 'not JSON'],
    foreign: () => '',
    dump: () => '',
  };
}
