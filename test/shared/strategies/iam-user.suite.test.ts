import { describe } from 'vitest';
import { keysOfIamUsers } from '../../conformance/iam-user-world.ts';
import { mintedKeySuite } from '../../conformance/minted-key.ts';

describe('the access keys of an IAM user', () => mintedKeySuite(keysOfIamUsers()));
