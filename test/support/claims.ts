import type { Claim } from '../../shared/engines/alternating-engine.ts';

/** What the engines are told of a secret whose deployer vouches for both of its users. */
export function vouched(changes: Partial<Claim> = {}): Claim {
  return {
    current: undefined,
    mark: '0123456789abcdef0123456789abcdef',
    previous: async () => undefined,
    adopts: async () => true,
    toAdopt: 'the deployer can say so.',
    ...changes,
  };
}

/** The same without the deployer. */
export function unvouched(changes: Partial<Claim> = {}): Claim {
  return vouched({ adopts: async () => false, ...changes });
}
