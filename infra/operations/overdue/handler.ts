import { secretsManagerClient } from '../../../shared/secrets/secrets-manager-client.ts';
import { overdueCheck } from './overdue-check.ts';

export const handler = overdueCheck(secretsManagerClient());
