import { mysql } from '../../shared/engines/mysql.ts';
import { rotationHandler } from '../../shared/rotation/handler.ts';
import { singleUser } from '../../shared/strategies/single-user.ts';

export const handler = rotationHandler(singleUser(mysql));
