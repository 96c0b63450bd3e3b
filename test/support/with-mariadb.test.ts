import { describe, expect, it } from 'vitest';
import { runExample } from './run-example.ts';

describe('on a machine without MariaDB, a test', () => {
  const bare = { MYSQL_URL: undefined };

  it('is reported as skipped, with what is missing', async () => {
    const outcomes = Object.entries(await runExample('with-mariadb', bare));
    expect(outcomes.map(([, outcome]) => outcome)).toEqual(['skipped', 'skipped']);
    const names = outcomes.map(([name]) => name);
    for (const name of names) expect(name).toMatch(/^with a \w+ \(There is no MariaDB server .* Run npm run databases/);
    expect(names[0]).toContain('MYSQL_URL');
  });

  it('fails where CI=true', async () => {
    expect(await runExample('with-mariadb', { ...bare, CI: 'true' })).toEqual({
      'with a server': 'failed',
      'with a plugin': 'failed',
    });
  });

  it('runs against the server that MYSQL_URL names, unless it needs a plugin', async () => {
    const outcomes = await runExample('with-mariadb', { MYSQL_URL: 'mysql://superuser:password@db.example' });
    expect(outcomes).toMatchObject({ 'with a server runs': 'passed' });
    expect(Object.values(outcomes)).toEqual(['passed', 'skipped']);
  });
});
