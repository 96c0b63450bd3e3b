import { Sensitive } from '../secrets/sensitive.ts';
import type { DeclaredRequest } from './declaration.ts';
import type { HttpsRequest } from './https-exchange.ts';
import { filledHeader, filledJson, filledText, filledUrl, templatesIn, type Values } from './template.ts';

export interface Recipient {
  readonly baseUrl: URL;
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
  const url = urlOf(rest.join(' '), values, recipient.baseUrl);
  return { method, url, headers: Object.fromEntries(headers), ...(body !== undefined && { body }) };
}

/** A path goes on where the base URL ends; another host stands in the declaration in full. */
function urlOf(template: string, values: Values, base: URL): URL {
  const filled = filledUrl(template, values);
  return new URL(filled.startsWith('/') ? `${base.href.replace(/\/$/, '')}${filled}` : filled);
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
