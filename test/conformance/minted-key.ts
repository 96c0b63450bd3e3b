import { convergesAfterEachDeath } from './minted-key-crash.ts';
import { replacesKeyAfterKey } from './minted-key-rotation.ts';
import { keepsOneKeyOfManyTries } from './minted-key-tries.ts';
import type { MintedKeySubject } from './minted-key-world.ts';

/** What every issuer's rotations must show, whoever opens it. */
export function mintedKeySuite(subject: MintedKeySubject): void {
  replacesKeyAfterKey(subject);
  convergesAfterEachDeath(subject);
  keepsOneKeyOfManyTries(subject);
}
