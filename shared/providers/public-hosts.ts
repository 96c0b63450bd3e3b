import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { InvalidSetting } from '../errors.ts';

/** Hosts, or hosts with a port, separated by spaces, that may have addresses no stranger can reach; the deployer's to set. */
const ALLOWED = 'ALLOWED_PRIVATE_HOSTS';

/**
 * Addresses that are not of the public internet, and so may be of the function's own network: what stands in the
 * administrator's secret, or in DNS, must not lead there.
 * https://www.iana.org/assignments/iana-ipv4-special-registry https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const NOT_PUBLIC_IPV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // The instance's, the task's and the function's own metadata and credentials are among these.
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const;

/** Of IPv6, only global unicast is public; these are exceptions within it, or carry an IPv4 address. */
const NOT_PUBLIC_IPV6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const notPublic = new BlockList();
for (const [net, prefix] of NOT_PUBLIC_IPV4) notPublic.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of NOT_PUBLIC_IPV6) notPublic.addSubnet(net, prefix, 'ipv6');
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');

export function isPublic(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !notPublic.check(address, 'ipv4');
    case 6:
      return globalUnicast.check(address, 'ipv6') && !notPublic.check(address, 'ipv6');
    default:
      return false;
  }
}

/** `dns.lookup`, as far as it is used. */
type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  answer: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * How a host's addresses are found: at the moment of connecting, so that DNS cannot say one thing to a check and another
 * to the connection.
 *
 * @throws InvalidSetting, here or to the connection, if the host has an address that is not public and is not allowed
 */
export function addressesOf(
  url: URL,
  environment: Readonly<Record<string, string | undefined>>,
  resolve: Resolve = lookup,
): LookupFunction | undefined {
  const allowed = (environment[ALLOWED] ?? '').toLowerCase().split(/\s+/);
  if (allowed.includes(url.hostname) || allowed.includes(`${url.hostname}:${url.port || '443'}`)) return undefined;
  // A connection to an address looks nothing up.
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0 && !isPublic(literal)) throw refusal(url.hostname);
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error || first === undefined) return callback(error ?? new Error(`${hostname} has no address.`), '');
      if (!addresses.every(({ address }) => isPublic(address))) return callback(refusal(hostname), '');
      return options.all
        ? callback(null, addresses satisfies LookupAddress[])
        : callback(null, first.address, first.family);
    });
  };
}

function refusal(host: string): InvalidSetting {
  return new InvalidSetting(
    `${host} has an address of a private network, where this function does not go. If the issuer is meant to be there, whoever deploys the function can name the host in its environment variable ${ALLOWED}.`,
  );
}
