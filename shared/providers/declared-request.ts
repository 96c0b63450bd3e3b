import { Sensitive } from '../secrets/sensitive.ts';
import type { DeclaredRequest } from './declaration.ts';
import type { HttpsRequest } from './https-exchange.ts';
import { filledHeader, filledJson, filledText, filledUrl, templatesIn, type Values } from './template.ts';

export interface Recipient {
  /** By the name of the field that can say it; `baseUrl` is one. */
  readonly urls: ReadonlyMap<string, URL>;
  /** Told of credentials in the forms in which they are sent. */
  conceal(secret: Sensitive): void;
}

/** @throws InvalidSecret if a value cannot stand where the declaration puts it */
export function requestOf(declared: DeclaredRequest, values: Values, recipient: Recipient): HttpsRequest {
  const [method = '', ...rest] = declared.request.split(' ');
  const headers = new Map([
    ['accept', 'application/json'],
    ['user-agent', 'secret-rotation'],
  ]);
  const body = bodyOf(declared, values, headers);
  for (const [name, template] of Object.entries(declared.headers ?? {})) {
    const filled = filledHeader(name, template, values);
    if (templatesIn(template).length > 0) recipient.conceal(new Sensitive(filled));
    headers.set(name.toLowerCase(), filled);
  }
  if (declared.basic) {
    const { username, password } = declared.basic;
    const pair = `${filledText(username, values)}:${filledText(password, values)}`;
    // In base64 as well, which is what the redaction looks for.
    recipient.conceal(new Sensitive(pair));
    headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
  }
  const url = new URL(`${baseOf(declared, recipient).href.replace(/\/$/, '')}${filledUrl(rest.join(' '), values)}`);
  return { method, url, headers: Object.fromEntries(headers), ...(body !== undefined && { body }) };
}

export function baseOf({ base = 'baseUrl' }: DeclaredRequest, { urls }: Recipient): URL {
  const url = urls.get(base);
  if (url === undefined) throw new Error(`The declaration sends a request to ${base}, which it does not declare.`);
  return url;
}

function bodyOf({ body, form }: DeclaredRequest, values: Values, headers: Map<string, string>): string | undefined {
  if (body !== undefined) {
    headers.set('content-type', 'application/json');
    return JSON.stringify(filledJson(body, values));
  }
  if (form === undefined) return undefined;
  headers.set('content-type', 'application/x-www-form-urlencoded');
  const fields = Object.entries(form).map(([name, template]): [string, string] => [name, filledText(template, values)]);
  return new URLSearchParams(fields).toString();
}
