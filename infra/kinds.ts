/** What the infrastructure has to know of one folder of `functions/`. */
export interface Kind {
  /** The settings that its function reads from the secret's tags, without their `rotation:`. */
  readonly settings: readonly Setting[];
  /** Whether its secrets are logins to a database: then it runs in the network, beside the databases. */
  readonly database?: true;
  /** Who else does the work, by a secret of their own: the key in the file that names it. Written as `masterarn`. */
  readonly powerful?: { readonly key: 'superuser' | 'administrator'; readonly required: boolean };
  /** Whether it makes access keys for the IAM users that the file names, with its own role. */
  readonly iamUsers?: true;
  /** How long one step may take, where half a minute is not enough: a new key has to become known everywhere. */
  readonly timeoutSeconds?: number;
  /** What the function cannot do without, whatever the file says. */
  readonly environment?: Readonly<Record<string, string>>;
}

export type Setting = 'fields' | 'length' | 'charset' | 'first-user' | 'overlap' | 'retire';

function database(superuser: 'none' | 'allowed' | 'required', ...settings: Setting[]): Kind {
  return {
    database: true,
    settings: ['length', 'charset', ...settings],
    ...(superuser !== 'none' && { powerful: { key: 'superuser', required: superuser === 'required' } }),
    // The RDS authorities; since Node 20 the runtime reads them only when told to.
    environment: { NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem' },
  };
}

/** One line for every folder of `functions/`. */
export const KINDS: Readonly<Record<string, Kind>> = {
  'random-password': { settings: ['fields', 'length', 'charset'] },
  'shared-token': { settings: ['fields', 'length', 'charset'] },
  'postgres-single-user': database('none'),
  'postgres-alternating-users': database('required', 'first-user'),
  'mysql-single-user': database('allowed', 'overlap'),
  'mysql-alternating-users': database('required', 'first-user'),
  'api-key': { settings: ['retire'], powerful: { key: 'administrator', required: true }, timeoutSeconds: 240 },
  'iam-access-key': { settings: ['retire'], iamUsers: true, timeoutSeconds: 90 },
};

export function kindOf(name: string | undefined): Kind | undefined {
  return name !== undefined && Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
}
