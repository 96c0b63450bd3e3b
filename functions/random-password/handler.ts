import { rotationHandler } from '../../shared/rotation/handler.ts';
import { randomValue } from '../../shared/strategies/random-value.ts';

export const handler = rotationHandler(randomValue());
