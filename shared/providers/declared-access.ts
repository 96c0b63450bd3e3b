import { InvalidSecret } from '../errors.ts';
import type { Declaration } from './declaration.ts';
import type { Access } from './provider.ts';
import type { Values } from './template.ts';

/** @throws InvalidSecret that names the field of the administrator's secret that is missing or wrong */
export function valuesOf({ administrator, target = {} }: Declaration, access: Access): Values {
  const values = new Map<string, unknown>();
  for (const field of administrator) {
    values.set(`administrator.${field}`, required(text(field, access.administrator[field]), field));
  }
  for (const [field, kind] of Object.entries(target)) {
    const value = access.target[field] ?? undefined;
    const read = kind.endsWith('text') ? text(`targets.<name>.${field}`, value) : value;
    values.set(`target.${field}`, kind.startsWith('optional') ? read : required(read, `targets.<name>.${field}`));
  }
  return values;
}

/** Where requests go, by the name of the field that can say so. */
export function urlsOf({ name, baseUrl, otherUrls }: Declaration, { administrator }: Access): ReadonlyMap<string, URL> {
  const defaults: [string, string | undefined][] = [['baseUrl', baseUrl], ...Object.entries(otherUrls ?? {})];
  return new Map(defaults.map(([field, usual]) => [field, urlIn(field, administrator[field] ?? usual, name)]));
}

/** @throws InvalidSecret unless it is the plain address of a site that is reached by https */
function urlIn(field: string, written: unknown, provider: string): URL {
  if (written === undefined) {
    throw new InvalidSecret(
      `Field "${field}" is missing: with ${provider}, everybody has an address of his own. Add it, such as "https://example.com".`,
    );
  }
  const url = typeof written === 'string' ? URL.parse(written) : null;
  if (url?.protocol === 'https:' && `${url.username}${url.password}${url.search}${url.hash}` === '') return url;
  throw new InvalidSecret(
    `Field "${field}" must be an address that begins with https://, with no user name, query or fragment. Correct it.`,
  );
}

function text(field: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  if (typeof value === 'string' && value !== '') return value;
  throw new InvalidSecret(`Field "${field}" must be a text that is not empty. Correct it.`);
}

function required<T>(value: T | undefined, field: string): T {
  if (value !== undefined) return value;
  throw new InvalidSecret(`Field "${field}" is missing. Add it.`);
}
