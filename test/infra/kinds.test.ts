import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KINDS, kindOf } from '../../infra/kinds.ts';
import { mysql } from '../../shared/engines/mysql.ts';
import { postgres } from '../../shared/engines/postgres.ts';
import { issuers } from '../../shared/providers/providers.ts';

const functions = join(import.meta.dirname, '..', '..', 'functions');

describe('the table of kinds', () => {
  it('has a line for every function, and none for others', () => {
    const folders = readdirSync(functions).filter((name) => existsSync(join(functions, name, 'handler.ts')));
    expect(Object.keys(KINDS).toSorted()).toEqual(folders.toSorted());
  });

  it.each([postgres, mysql])('has the names that secrets of $name may give their engine', ({ engineNames, name }) => {
    const kinds = Object.entries(KINDS).filter(([kind]) => kind.startsWith(name === 'MySQL' ? 'mysql' : 'postgres'));
    expect(kinds).not.toEqual([]);
    for (const [kind, { database }] of kinds) expect(database, kind).toEqual(engineNames);
  });

  it('knows nothing that is not in it', () => {
    expect(kindOf('constructor')).toBeUndefined();
    expect(kindOf(undefined)).toBeUndefined();
  });

  it.each(issuers.map(({ name, declaration }) => [name, declaration.facts.propagationMs] as const))(
    'gives a new key of %s the %d ms that it may take to work',
    (_, propagationMs) => {
      expect((KINDS['api-key']?.timeoutSeconds ?? 0) * 1000).toBeGreaterThan(propagationMs + 10_000);
    },
  );
});
