/**
 * What a host name says by itself. `domain` stands for one account in one Region: RDS gives all its endpoints there the
 * same one, so two names with the same identifier, kind and domain are one endpoint.
 *
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.html (instances),
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Overview.Endpoints.html (clusters),
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-connecting.html (proxies)
 */
export type EndpointName = RdsName | { readonly kind: 'elsewhere'; readonly host: string };

export interface RdsName {
  readonly kind: 'instance' | 'writer' | 'reader' | 'custom' | 'proxy';
  /** In lower case, without a trailing dot. */
  readonly host: string;
  /** Of the instance, the cluster (`writer`, `reader`), the custom endpoint or the proxy. */
  readonly identifier: string;
  readonly region: string;
  readonly domain: string;
}

const KINDS: Readonly<Record<string, RdsName['kind']>> = {
  '': 'instance',
  'cluster-': 'writer',
  'cluster-ro-': 'reader',
  'cluster-custom-': 'custom',
  'proxy-': 'proxy',
};

// The Regions of China write `.rds.<region>.amazonaws.com.cn`; a proxy's further endpoints, `<name>.endpoint.proxy-…`.
const RDS_NAME =
  /^(?<identifier>[a-z][a-z0-9-]*)\.(?:endpoint\.(?=proxy-))?(?<kind>proxy-|cluster-(?:ro-|custom-)?)?(?<domain>[a-z0-9]+\.(?:(?<region>[a-z0-9-]+)\.rds\.amazonaws\.(?:com|com\.cn|eu)|rds\.(?<regionOfChina>[a-z0-9-]+)\.amazonaws\.com\.cn))$/;

/** Reads a host name without asking anybody. A CNAME, an address or a name of another service is `elsewhere`. */
export function endpointName(hostName: string): EndpointName {
  const host = hostName.toLowerCase().replace(/\.$/, '');
  const { identifier, kind: prefix = '', domain, region, regionOfChina } = RDS_NAME.exec(host)?.groups ?? {};
  const kind = KINDS[prefix];
  const place = region ?? regionOfChina;
  if (!kind || !identifier || !domain || !place) return { kind: 'elsewhere', host };
  return { kind, host, identifier, region: place, domain };
}

/** What to tell a person whose secret names an RDS Proxy; `undefined` for every other host. */
export function proxyAdvice(hostName: string): string | undefined {
  const { kind, host } = endpointName(hostName);
  if (kind !== 'proxy') return undefined;
  return `${host} is an RDS Proxy, which logs in with passwords of its own secrets and cannot take a new one. Passwords are set at the database: put the host of the instance or of the cluster's writer into the secret, let the proxy read that same secret, and let clients take the proxy's host from their own configuration.`;
}
