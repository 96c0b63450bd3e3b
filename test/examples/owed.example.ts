import { describe, expect } from 'vitest';
import { owed, type Skip } from '../conformance/owed.ts';

/** Run by `test/conformance/owed.test.ts`, which looks at what comes of each. */
function suite(works: boolean, skips?: readonly Skip[]): void {
  const suite = owed(skips);
  suite.test('works', async () => expect(works).toBe(true));
  suite.each([{ what: 'one' }, { what: 'other' }])('works with $what', async () => expect(works).toBe(true));
  suite.end();
}

const skips = (...tests: string[]): readonly Skip[] => [{ reason: 'It never could.', tests }];

describe('working, nothing skipped', () => suite(true));
describe('broken, nothing skipped', () => suite(false));
describe('broken, all skipped', () => suite(false, skips('works', 'works with $what')));
describe('working, all skipped', () => suite(true, skips('works', 'works with $what')));
describe('working, something else skipped', () => suite(true, skips('sings')));
describe('broken, skipped without a reason', () =>
  suite(false, [{ reason: ' ', tests: ['works', 'works with $what'] }]));
