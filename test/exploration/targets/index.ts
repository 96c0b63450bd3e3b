import { alternatingUsersTarget } from './alternating-users.ts';
import { issuerTarget } from './issuer.ts';
import { overlappingUserTarget } from './overlapping-user.ts';
import { randomValueTarget } from './random-value.ts';
import { sharedTokenTarget } from './shared-token.ts';
import { singleUserTarget } from './single-user.ts';
import type { Target } from './target.ts';

/** Every kind of target that is explored: a new one is a file in this folder and a line here. */
export const TARGETS: Readonly<Record<string, () => Target>> = {
  'single user': singleUserTarget,
  'alternating users': alternatingUsersTarget,
  'alternating users beside an unrelated clone': () => alternatingUsersTarget({ withUnrelatedClone: true }),
  'two passwords, by the user itself': () => overlappingUserTarget('itself'),
  'two passwords, by a superuser': () => overlappingUserTarget('a superuser'),
  'two passwords, not wanted any more': () => overlappingUserTarget('itself', false),
  'issuer of named keys': () => issuerTarget('named keys'),
  'issuer of dedicated keys': () => issuerTarget('dedicated, no names'),
  'issuer of chosen keys': () => issuerTarget('chosen values'),
  'random value': randomValueTarget,
  'shared token': sharedTokenTarget,
};
