import { expect, it } from 'vitest';
import { runExample } from '../../support/run-example.ts';

it('a server that says anything ends neither the process nor takes it up: each login ends in a named error or success', async () => {
  expect(await runExample('hostile-server')).toEqual({ PostgreSQL: 'passed', MySQL: 'passed' });
}, 300_000);
