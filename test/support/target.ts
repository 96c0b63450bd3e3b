import { randomUUID } from 'node:crypto';
import { InvalidSecret, LoginRefused } from '../../shared/errors.ts';
import type { Strategy } from '../../shared/rotation/strategy.ts';
import { stringValue } from '../../shared/secrets/secret-value.ts';

/** Something that accepts one password at a time. */
export interface Target {
  accepts: string;
  /** What a strategy did to it, oldest first. */
  readonly did: string[];
}

/** The smallest strategy with a target: AWSCURRENT changes itself into the candidate. */
export function targetStrategy(target: Target): Strategy<string> {
  return {
    name: 'target',
    settings: { tags: [], variables: [] },
    parse(value) {
      const text = value.kind === 'string' ? value.text.reveal() : '';
      if (text === '' || text === 'unreadable') throw new InvalidSecret('It must be a readable string.');
      return text;
    },
    async create(versions) {
      await versions.current();
      target.did.push('create');
      return stringValue(`candidate ${randomUUID()}`);
    },
    recreate: async (_, candidate) => stringValue(candidate),
    async restore(versions) {
      const current = await versions.current();
      if (target.accepts === current) return;
      target.did.push('restore');
      target.accepts = current;
    },
    async set(versions) {
      const [current, candidate] = [await versions.current(), await versions.candidate()];
      if (target.accepts !== current && target.accepts !== candidate) throw new LoginRefused('Neither is accepted.');
      target.did.push('set');
      target.accepts = candidate;
    },
    async test(versions) {
      target.did.push('test');
      if (target.accepts !== (await versions.candidate())) throw new LoginRefused('It is not accepted.');
    },
  };
}
