import { mysqlOverlapping } from '../../shared/engines/mysql-overlapping.ts';
import { rotationHandler } from '../../shared/rotation/handler.ts';
import { overlappingUser } from '../../shared/strategies/overlapping-user.ts';

export const handler = rotationHandler(overlappingUser(mysqlOverlapping));
