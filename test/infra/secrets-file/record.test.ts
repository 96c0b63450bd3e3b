import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readDeployable, recordOf } from '../../../infra/secrets-file/read.ts';
import { extended, parseRecord, SECRETS_A_STACK } from '../../../infra/secrets-file/record.ts';
import { record, recorded, refusal, writtenFile } from './written-file.ts';

const fileWith = (...secrets: string[]) =>
  [
    'project: shop',
    'environments: {prod: {}}',
    'groups:',
    '  g:',
    '    secrets:',
    ...secrets.map((secret) => `      ${secret}`),
  ].join('\n');
const key = 'key: {kind: random-password, generate: {length: 40}}';
const many = (count: number, from = 0) => Array.from({ length: count }, (_, n) => `s${from + n}: {generate: {}}`);

describe('the record of secrets', () => {
  it('lets a file be deployed that keeps to it', () => {
    const file = writtenFile(fileWith(key));
    record(file);
    expect(refusal(file, readDeployable)).toEqual([]);
  });

  it('is wanted before a secret is deployed', () => {
    const file = writtenFile(fileWith(key));
    expect(refusal(file, readDeployable)).toEqual([
      `secrets.yaml:6: groups.g.secrets.key: prod shop/prod/g/key is not recorded yet. Run "npm run record -- ${file}" and commit what it adds.`,
    ]);
  });

  it.each([
    ['longer', 'key: {kind: random-password, generate: {length: 41}}'],
    ['left empty', 'key: {kind: random-password}'],
    ['a field of an object', 'key: {kind: random-password, json: {}, generate: {field: key, length: 40}}'],
    ['made of other characters', 'key: {kind: random-password, generate: {length: 40, alphanumeric: true}}'],
  ])('forbids that what was generated becomes %s', (_, changed) => {
    const file = writtenFile(fileWith(key));
    record(file);
    writeFileSync(file, fileWith(changed));
    expect(refusal(file, readDeployable)).toEqual([
      expect.stringMatching(
        /^secrets.yaml:6: .*would write a new value over the live one. Put it back.*put-secret-value/,
      ),
    ]);
    record(file); // which does not change it either
    expect(refusal(file, readDeployable)).toHaveLength(1);
  });

  it('forbids another order of fields, which would be another value', () => {
    const file = writtenFile(fileWith('key: {json: {a: 1, b: 2}}'));
    record(file);
    writeFileSync(file, fileWith('key: {json: {b: 2, a: 1}}'));
    expect(refusal(file, readDeployable)).toHaveLength(1);
  });

  it('forbids another name for a superuser, which stands in the first value of those that it serves', () => {
    const file = writtenFile(fileWith('boss: {}', 'app: {kind: mysql-alternating-users, superuser: g/boss, json: {}}'));
    record(file);
    writeFileSync(
      file,
      fileWith('boss: {name: chief}', 'app: {kind: mysql-alternating-users, superuser: g/boss, json: {}}'),
    );
    writeFileSync(recordOf(file), readFileSync(recordOf(file), 'utf8').replace(/^prod shop\/prod\/g\/boss .*\n/m, ''));
    record(file);
    expect(refusal(file, readDeployable)).toEqual([
      expect.stringMatching(/^secrets.yaml:7: groups.g.secrets.app: .*would write a new value over the live one/),
    ]);
  });

  it.each([
    ['its description', 'key: {kind: random-password, generate: {length: 40}, description: New}'],
    ['its schedule', 'key: {kind: random-password, generate: {length: 40}, rotation: {every: 7d}}'],
    ['its settings', 'key: {kind: random-password, generate: {length: 40}, settings: {length: 64}}'],
    ['its kind', 'key: {kind: shared-token, generate: {length: 40}}'],
  ])('allows that a secret changes %s', (_, changed) => {
    const file = writtenFile(fileWith(key));
    record(file);
    writeFileSync(file, fileWith(changed));
    expect(refusal(file, readDeployable)).toEqual([]);
  });

  it('allows that an empty secret is filled by hand', () => {
    const file = writtenFile(fileWith('key: {kind: random-password}'));
    record(file);
    writeFileSync(file, fileWith('key: {kind: random-password, filled: true}'));
    expect(refusal(file, readDeployable)).toEqual([]);
  });

  it('wants a secret that is removed, or renamed, to be removed here too', () => {
    const file = writtenFile(fileWith(key, 'other: {}'));
    record(file);
    writeFileSync(file, fileWith(key, 'renamed: {}'));
    expect(refusal(file, readDeployable)).toEqual([
      expect.stringMatching(
        /^secrets.record:5: prod shop\/prod\/g\/other is recorded and no longer declared.*remove this line/,
      ),
      expect.stringMatching(/^secrets.yaml:7: .*renamed is not recorded yet/),
    ]);
  });

  it('puts a new secret into the first stack with room, and moves no other', () => {
    const file = writtenFile(fileWith(...many(SECRETS_A_STACK + 1)));
    record(file);
    const before = readFileSync(recordOf(file), 'utf8');
    // Before the others in the file, so that a place given by order would shift them all.
    writeFileSync(file, fileWith('first: {}', ...many(SECRETS_A_STACK + 1)));
    record(file);
    const after = readFileSync(recordOf(file), 'utf8');
    expect(after.split('\n').filter((line) => !before.includes(line))).toEqual(['prod shop/prod/g/first 2 "empty"']);
    expect(before.split('\n').filter((line) => !after.includes(line))).toEqual([]);
  });

  it('fills stacks up to their limit', () => {
    const file = recorded(fileWith(...many(2 * SECRETS_A_STACK + 5)));
    const [environment] = file.environments;
    const counts = environment && Map.groupBy(environment.secrets, (secret) => file.stackOf(environment, secret));
    expect([...(counts ?? [])].map(([stack, secrets]) => [stack, secrets.length])).toEqual([
      [1, SECRETS_A_STACK],
      [2, SECRETS_A_STACK],
      [3, 5],
    ]);
  });

  it('is the same whichever of two branches is merged first', () => {
    const base = recorded(fileWith(key));
    const lines = (...secrets: string[]) => {
      const { text } = extended(recorded(fileWith(key, ...secrets)), { project: undefined, secrets: new Map() });
      return new Set(text.split('\n'));
    };
    expect(base.environments).toHaveLength(1);
    expect(new Set([...lines('a: {}'), ...lines('b: {}')])).toEqual(lines('a: {}', 'b: {}'));
  });

  it.each([
    ['a line that cannot be read', 'prod shop/prod/g/key', 1],
    ['a conflict of a merge', '<<<<<<< HEAD', 1],
    ['a secret twice', 'prod a 1 "empty"\nprod a 2 "empty"', 2],
  ])('tells of %s', (_, text, line) => {
    expect(parseRecord(text).problems.map((problem) => problem.line)).toEqual([line]);
  });
});
