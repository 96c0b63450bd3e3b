import { kindOf } from '../kinds.ts';
import type { SecretText } from './schema.ts';

export type RdsCall = 'DescribeDBInstances' | 'DescribeDBClusters' | 'DescribeDBClusterEndpoints';

/**
 * What the function has to ask the RDS API for the sake of one secret. It asks where a secret names an instance or cluster
 * instead of a host, where RDS keeps the master user's password, and which database several endpoints belong to; hosts
 * that are equal cost no call (`shared/rds/rds.ts`). Hosts of secrets that are filled by hand are not known here: "database"
 * says so for them.
 */
export function rdsCalls(secret: SecretText, superuser: SecretText | undefined): readonly RdsCall[] {
  if (!kindOf(secret.kind)?.database) return [];
  const hosts = [secret, superuser].flatMap((found) => hostIn(found) ?? []);
  const [host, superuserHost = host] = hosts;
  const custom = hosts.some((name) => name.includes('.cluster-custom-'));
  const several = host !== superuserHost || hosts.some((name) => /\.cluster-(?:ro|custom)-/.test(name));
  const asks =
    secret.database !== undefined ||
    superuser?.database !== undefined ||
    // RDS names a master user's secret itself, and it holds no host:
    // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
    secret.superuser?.includes(':secret:rds!') === true ||
    (hasSuperuser(secret) && several && hosts.some(isRds));
  if (!asks) return [];
  return ['DescribeDBInstances', 'DescribeDBClusters', ...(custom ? ['DescribeDBClusterEndpoints' as const] : [])];
}

const hasSuperuser = ({ superuser }: SecretText): boolean => superuser !== undefined;
const isRds = (host: string): boolean => /\.rds\.amazonaws\.com(?:\.cn)?$/.test(host);

function hostIn(secret: SecretText | undefined): string | undefined {
  const host = secret?.json?.['host'];
  return typeof host === 'string' ? host.toLowerCase() : undefined;
}
