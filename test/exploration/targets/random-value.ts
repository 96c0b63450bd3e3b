import { randomValue } from '../../../shared/strategies/random-value.ts';
import { containerOf, field, type Target, withFields, without } from './target.ts';

/** A value that no target knows of: whatever is current, works. */
export function randomValueTarget(): Target {
  return {
    initial: '{"password":"initial-password-of-nothing"}',
    container: () => containerOf(randomValue()),
    credential: (value) => field(value, 'password') ?? value,
    rest: (value) => without(value, 'password'),
    works: () => true,
    accepted: () => [],
    change: (value, nth) => withFields(value, { password: `changed-by-hand-${nth}` }),
    accept: () => undefined,
    planted: (value) => [withFields(value, { password: 'x' }), withFields(value, { more: 'planted' }), 'not JSON'],
    foreign: () => '',
    dump: () => '',
  };
}
