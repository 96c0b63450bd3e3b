import { expect } from 'vitest';
import { survivesCrashes } from '../conformance/crash.ts';

survivesCrashes('shared-token', {
  start: async () => {},
  newSecret: async () => JSON.stringify({ id: 1, current: 'first', note: 'kept' }),
  // Nobody but its readers knows a token: what counts is that the secret is whole, and that none is lost (`check`).
  accepts: async (text) => /^\{"id":1,"current":"[^"]{5,}",("previous":"[^"]{5,}",)?"note":"kept"\}$/.test(text),
  async check(current, previous) {
    expect(JSON.parse(current).previous).toBe(JSON.parse(previous).current);
    expect(JSON.parse(current).current).not.toBe(JSON.parse(previous).current);
  },
  stop: async () => {},
});
