import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { MysqlServer } from '../databases/mysql-server.ts';
import type { PostgresServer } from '../databases/postgres-server.ts';
import type { FakeIssuer } from '../issuers/fake-issuer.ts';
import type { DedicatedUser, StandIns } from '../issuers/stand-ins.ts';
import type { Demonstration } from './demonstration.ts';
import { accessKey, issuedKey } from './issued-keys.ts';
import { mariadbPair, mariadbUser } from './mariadb.ts';
import { postgresPair, postgresUser } from './postgres.ts';
import { fieldsOfOneSecret, randomPassword, sharedToken } from './random-values.ts';

/** Where the secrets that are shown are good for something. */
export interface Targets {
  readonly postgres: PostgresServer;
  /** Where such a server can be had. */
  readonly mariadb: MysqlServer | undefined;
  readonly issuers: StandIns;
  /** One of the issuers. */
  readonly datadog: FakeIssuer;
  readonly user: DedicatedUser;
}

export function demonstrations(client: SecretsManagerClient, targets: Targets): readonly Demonstration[] {
  const { postgres, mariadb, issuers, datadog, user } = targets;
  return [
    randomPassword(client),
    fieldsOfOneSecret(client),
    sharedToken(client),
    postgresUser(client, postgres),
    ...(mariadb ? [mariadbUser(client, mariadb)] : []),
    postgresPair(client, postgres),
    ...(mariadb ? [mariadbPair(client, mariadb)] : []),
    issuedKey(client, issuers, datadog),
    accessKey(client, user),
  ];
}
