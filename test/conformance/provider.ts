import { describe } from 'vitest';
import { mintedKeySuite } from './minted-key.ts';
import { keepsTheIssuersContract } from './provider-contract.ts';
import { mintedKeysOf, type ProviderSubject } from './provider-world.ts';

/** What every declared provider must pass, against an issuer that behaves as documented. */
export function providerSuite(subject: ProviderSubject): void {
  describe(`provider ${subject.declaration.name}`, () => {
    describe('over the wire', () => keepsTheIssuersContract(subject));
    describe('in rotations', () => mintedKeySuite(mintedKeysOf(subject)));
  });
}
