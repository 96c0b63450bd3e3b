import { describe, expect, it } from 'vitest';
import { postgres } from '../../../shared/engines/postgres.ts';
import { InvalidSecret, InvalidSetting } from '../../../shared/errors.ts';
import { otherOf, pairFormedBy, pairOf } from '../../../shared/strategies/user-pair.ts';

const pair = (current: string, tag?: string) => pairOf(current, tag, postgres.limits('postgres', 'off'));

describe('the pair that a user belongs to', () => {
  it.each([
    ['app', undefined, 'app', 'app_clone'],
    ['app_clone', undefined, 'app', 'app_clone'],
    ['app', 'app', 'app', 'app_clone'],
    ['app_clone', 'app', 'app', 'app_clone'],
    ['app_clone', 'app_clone', 'app_clone', 'app_clone_clone'],
    ['app_clone_clone', 'app_clone', 'app_clone', 'app_clone_clone'],
    ['app_CLONE', undefined, 'app_CLONE', 'app_CLONE_clone'],
    ['my "app" ü', undefined, 'my "app" ü', 'my "app" ü_clone'],
  ])('of %j with the tag %j is %j and %j', (current, tag, first, clone) => {
    expect(pair(current, tag)).toEqual({ first, clone });
  });

  it.each([
    ['app', 'other'],
    ['app', 'app_clone'],
    ['app', ''],
    ['app_clone_clone', 'app'],
  ])('%j cannot have the tag %j', (current, tag) => {
    expect(() => pair(current, tag)).toThrow(InvalidSetting);
    expect(() => pair(current, tag)).toThrow(/rotation:first-user/);
  });

  it('leaves room for the ending in 63 bytes, not characters', () => {
    expect(pair('a'.repeat(57)).clone).toHaveLength(63);
    expect(pair('ü'.repeat(28)).clone).toHaveLength(34);
    for (const name of ['a'.repeat(58), 'ü'.repeat(29), '_clone']) expect(() => pair(name)).toThrow(InvalidSecret);
  });

  it('has another one for each of the two', () => {
    const { first, clone } = pair('app');
    expect([otherOf({ first, clone }, first), otherOf({ first, clone }, clone)]).toEqual([clone, first]);
  });
});

describe('the pair that two users form', () => {
  it.each([
    ['app', 'app_clone', 'app'],
    ['app_clone', 'app', 'app'],
    ['app_clone', 'app_clone_clone', 'app_clone'],
  ])('%j and %j: the first is %j', (current, candidate, first) => {
    expect(pairFormedBy(current, candidate)).toEqual({ first, clone: `${first}_clone` });
  });

  it.each([
    ['app', 'app'],
    ['app', 'other'],
    ['app', 'other_clone'],
    ['app', 'app_clone_clone'],
    ['app_clone', 'app_clone'],
    ['', ''],
  ])('%j and %j form none', (current, candidate) => {
    expect(() => pairFormedBy(current, candidate)).toThrow(InvalidSecret);
  });
});
