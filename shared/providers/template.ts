import { InvalidSecret } from '../errors.ts';
import type { Json } from './declaration.ts';

/** By the name between the braces, such as `administrator.apiKey`. */
export type Values = ReadonlyMap<string, unknown>;

const TEMPLATE = /\{([a-zA-Z]+(?:\.[\w-]+)?)\}/g;
const ONLY_TEMPLATE = /^\{([a-zA-Z]+(?:\.[\w-]+)?)\}$/;
/** What a header's value can hold without being read as another byte: https://www.rfc-editor.org/rfc/rfc9110#section-5.5 */
const HEADER_VALUE = /^[\x20-\x7e]*$/;

/** The names between braces, anywhere in a declared value. */
export function templatesIn(declared: unknown): readonly string[] {
  if (typeof declared === 'string') return [...declared.matchAll(TEMPLATE)].map(([, name = '']) => name);
  if (typeof declared !== 'object' || declared === null) return [];
  return Object.values(declared).flatMap(templatesIn);
}

/** @throws InvalidSecret that names the field, if it is absent or no text */
export function filledText(template: string, values: Values, written = (text: string) => text): string {
  return template.replace(TEMPLATE, (_, name) => written(textOf(name, values)));
}

/** @throws InvalidSecret if the text could end the header, or be read as another text */
export function filledHeader(name: string, template: string, values: Values): string {
  const filled = filledText(template, values);
  if (HEADER_VALUE.test(filled)) return filled;
  throw new InvalidSecret(
    `The header ${name} cannot carry ${templatesIn(template).map(quoted).join(' and ')}: it may hold only printable ASCII. Correct the field, or make another key.`,
  );
}

/** Percent-encoded. @throws InvalidSecret if the text would lead to another path */
export function filledUrl(template: string, values: Values): string {
  return template.replace(TEMPLATE, (_, name) => {
    const text = textOf(name, values);
    if (text !== '' && text !== '.' && text !== '..' && text.isWellFormed()) return encodeURIComponent(text);
    throw new InvalidSecret(
      `${quoted(name)} cannot be part of a URL: it is empty, or would lead elsewhere. Correct it.`,
    );
  });
}

/** Filled by structure, never by text. A member or element whose value is absent is left out. */
export function filledJson(template: Json, values: Values): unknown {
  if (typeof template === 'string') {
    const [, only] = ONLY_TEMPLATE.exec(template) ?? [];
    return only === undefined ? filledText(template, values) : values.get(only);
  }
  if (typeof template !== 'object' || template === null) return template;
  if (isList(template)) return template.map((item) => filledJson(item, values)).filter((item) => item !== undefined);
  const members = Object.entries(template).map(([name, value]) => [name, filledJson(value, values)] as const);
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

function textOf(name: string, values: Values): string {
  const value = values.get(name);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  throw new InvalidSecret(`${quoted(name)} must be a text or a number. Correct it in the administrator's secret.`);
}

function quoted(name: string): string {
  return JSON.stringify(name);
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
