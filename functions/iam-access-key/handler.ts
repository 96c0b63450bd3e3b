import { iamAccessKey } from '../../shared/providers/iam-access-key.ts';
import { rotationHandler } from '../../shared/rotation/handler.ts';
import { iamUser } from '../../shared/strategies/iam-user.ts';
import { mintedKey } from '../../shared/strategies/minted-key.ts';

export const handler = rotationHandler(mintedKey(iamUser(iamAccessKey)));
