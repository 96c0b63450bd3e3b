import { providers } from '../../shared/providers/providers.ts';
import { rotationHandler } from '../../shared/rotation/handler.ts';
import { administered } from '../../shared/strategies/administered-issuer.ts';
import { mintedKey } from '../../shared/strategies/minted-key.ts';

export const handler = rotationHandler(mintedKey(administered(providers)));
