import { postgresAlternating } from '../../shared/engines/postgres-alternating.ts';
import { rotationHandler } from '../../shared/rotation/handler.ts';
import { alternatingUsers } from '../../shared/strategies/alternating-users.ts';

export const handler = rotationHandler(alternatingUsers(postgresAlternating));
