import {
  ADMINISTERED_KEY_SETTINGS,
  ALTERNATING_USERS_SETTINGS,
  FIELD_SETTINGS,
  IAM_USER_KEY_SETTINGS,
  type KnownSettings,
  OVERLAPPING_USER_SETTINGS,
  SINGLE_USER_SETTINGS,
} from '../shared/settings/known-settings.ts';

/** What the infrastructure has to know of one folder of `functions/`. */
export interface Kind {
  /** What its function reads from the secret's tags and from its environment. */
  readonly settings: KnownSettings;
  /**
   * The names that a secret's `engine` may have, where its secrets are logins to a database: then it runs in the network,
   * beside the databases.
   */
  readonly database?: readonly string[];
  /** Who else does the work, by a secret of their own: the key in the file that names it. Written as `masterarn`. */
  readonly powerful?: { readonly key: 'superuser' | 'administrator'; readonly required: boolean };
  /** Whether it makes access keys for the IAM users that the file names, with its own role. */
  readonly iamUsers?: true;
  /** How long one step may take, where half a minute is not enough: a new key has to become known everywhere. */
  readonly timeoutSeconds?: number;
  /** What the function cannot do without, whatever the file says. */
  readonly environment?: Readonly<Record<string, string>>;
}

const POSTGRES = ['postgres', 'postgresql', 'aurora-postgresql'];
const MYSQL = ['mysql', 'aurora-mysql', 'aurora', 'mariadb'];

function database(
  engines: readonly string[],
  superuser: 'none' | 'allowed' | 'required',
  settings: KnownSettings,
): Kind {
  return {
    database: engines,
    settings,
    ...(superuser !== 'none' && { powerful: { key: 'superuser', required: superuser === 'required' } }),
    // The RDS authorities; since Node 20 the runtime reads them only when told to.
    environment: { NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem' },
  };
}

/** One line for every folder of `functions/`. */
export const KINDS: Readonly<Record<string, Kind>> = {
  'random-password': { settings: FIELD_SETTINGS },
  'shared-token': { settings: FIELD_SETTINGS },
  'postgres-single-user': database(POSTGRES, 'none', SINGLE_USER_SETTINGS),
  'postgres-alternating-users': database(POSTGRES, 'required', ALTERNATING_USERS_SETTINGS),
  'mysql-single-user': database(MYSQL, 'allowed', OVERLAPPING_USER_SETTINGS),
  'mysql-alternating-users': database(MYSQL, 'required', ALTERNATING_USERS_SETTINGS),
  'api-key': {
    settings: ADMINISTERED_KEY_SETTINGS,
    powerful: { key: 'administrator', required: true },
    timeoutSeconds: 240,
  },
  'iam-access-key': { settings: IAM_USER_KEY_SETTINGS, iamUsers: true, timeoutSeconds: 90 },
};

export function kindOf(name: string | undefined): Kind | undefined {
  return name !== undefined && Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
}
