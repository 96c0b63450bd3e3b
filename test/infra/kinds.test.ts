import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KINDS, kindOf } from '../../infra/kinds.ts';

const functions = join(import.meta.dirname, '..', '..', 'functions');

describe('the table of kinds', () => {
  it('has a line for every function, and none for others', () => {
    const folders = readdirSync(functions).filter((name) => existsSync(join(functions, name, 'handler.ts')));
    expect(Object.keys(KINDS).toSorted()).toEqual(folders.toSorted());
  });

  it('knows nothing that is not in it', () => {
    expect(kindOf('constructor')).toBeUndefined();
    expect(kindOf(undefined)).toBeUndefined();
  });
});
