import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { MariadbServer } from '../databases/mariadb-server.ts';
import type { PostgresServer } from '../databases/postgres-server.ts';
import type { Demonstration } from './demonstration.ts';
import { mariadbPair, mariadbUser } from './mariadb.ts';
import { postgresPair, postgresUser } from './postgres.ts';
import { fieldsOfOneSecret, randomPassword, sharedToken } from './random-values.ts';

/** @param mariadb where such a server can be had */
export function demonstrations(
  client: SecretsManagerClient,
  postgres: PostgresServer,
  mariadb: MariadbServer | undefined,
): readonly Demonstration[] {
  return [
    randomPassword(client),
    fieldsOfOneSecret(client),
    sharedToken(client),
    postgresUser(client, postgres),
    ...(mariadb ? [mariadbUser(client, mariadb)] : []),
    postgresPair(client, postgres),
    ...(mariadb ? [mariadbPair(client, mariadb)] : []),
  ];
}
