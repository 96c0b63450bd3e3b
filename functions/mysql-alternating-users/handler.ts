import { mysqlAlternating } from '../../shared/engines/mysql-alternating.ts';
import { rotationHandler } from '../../shared/rotation/handler.ts';
import { alternatingUsers } from '../../shared/strategies/alternating-users.ts';

export const handler = rotationHandler(alternatingUsers(mysqlAlternating));
