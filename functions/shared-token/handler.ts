import { rotationHandler } from '../../shared/rotation/handler.ts';
import { sharedToken } from '../../shared/strategies/shared-token.ts';

export const handler = rotationHandler(sharedToken());
