import type { Bundle } from '../build.ts';
import type { Figure } from './figure.ts';

const LIMIT_KB = 350;
/** Its driver alone is about 170 kB. */
const MYSQL_LIMIT_KB = 440;

/** What Lambda loads in each cold start; a kB has 1000 bytes. */
export function bundleSizes(bundles: readonly Bundle[]): readonly Figure[] {
  return bundles.map(({ functionName, bytes, lazyBytes }) => ({
    name: `bundle of ${functionName}`,
    measured: bytes / 1000,
    atMost: functionName.startsWith('mysql-') ? MYSQL_LIMIT_KB : LIMIT_KB,
    unit: 'kB',
    decimals: 1,
    ...(lazyBytes > 0 && { detail: `${(lazyBytes / 1000).toFixed(1)} kB more when asked for` }),
  }));
}
