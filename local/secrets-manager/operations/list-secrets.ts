import * as z from 'zod';
import * as field from '../input.ts';
import type { Secret } from '../secret.ts';
import { describe } from './describe-secret.ts';
import { operation } from './operation.ts';
import { page } from './page.ts';

const filterKeys = ['description', 'name', 'tag-key', 'tag-value', 'primary-region', 'owning-service', 'all'] as const;
type FilterKey = (typeof filterKeys)[number];

const input = z.object({
  IncludePlannedDeletion: z.boolean().optional(),
  MaxResults: field.maxResults.optional(),
  NextToken: field.nextToken.optional(),
  Filters: z
    .array(
      z.object({ Key: z.enum(filterKeys).optional(), Values: z.array(field.text(0, 512)).min(1).max(10).optional() }),
    )
    .max(10)
    .optional(),
  SortOrder: z.enum(['asc', 'desc']).optional(),
  SortBy: z.enum(['created-date', 'last-accessed-date', 'last-changed-date', 'name']).optional(),
});

export const listSecrets = operation(input, (request, { store }) => {
  const shown = store
    .all()
    .filter((secret) => secret.deletion === undefined || request.IncludePlannedDeletion === true)
    .filter((secret) => (request.Filters ?? []).every(({ Key = 'all', Values = [] }) => matches(secret, Key, Values)));
  const ascending = shown.toSorted(byOrder[request.SortBy ?? 'created-date']);
  const { items, nextToken } = page(request.SortOrder === 'desc' ? ascending.toReversed() : ascending, request);
  return {
    SecretList: items.map((secret) => ({ ...describe(secret), SecretVersionsToStages: secret.versions.idsToStages() })),
    NextToken: nextToken,
  };
});

const byDate = (date: (secret: Secret) => Date | undefined) => (a: Secret, b: Secret) =>
  (date(a)?.getTime() ?? 0) - (date(b)?.getTime() ?? 0);

const byOrder = {
  'created-date': byDate((secret) => secret.created),
  'last-accessed-date': byDate((secret) => secret.lastAccessed),
  'last-changed-date': byDate((secret) => secret.lastChanged),
  name: (a: Secret, b: Secret) => (a.name < b.name ? -1 : 1),
};

/**
 * A value matches as a prefix, in any case of letters for descriptions and for `all`; `!` before it excludes.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_search-secret.html
 */
function matches(secret: Secret, key: FilterKey, values: readonly string[]): boolean {
  const ignoresCase = key === 'description' || key === 'all';
  const fold = (text: string) => (ignoresCase ? text.toLowerCase() : text);
  const found = (wanted: string) => searched[key](secret).some((text) => fold(text).startsWith(fold(wanted)));
  const included = values.filter((value) => !value.startsWith('!'));
  const excluded = values.filter((value) => value.startsWith('!')).map((value) => value.slice(1));
  return (included.length === 0 || included.some(found)) && !excluded.some(found);
}

const descriptionWords = ({ description = '' }: Secret) => [description, ...description.split(/[\s/_+=.@-]+/)];

const searched: Record<FilterKey, (secret: Secret) => readonly string[]> = {
  description: descriptionWords,
  name: ({ name }) => [name],
  'tag-key': ({ tags }) => [...tags.keys()],
  'tag-value': ({ tags }) => [...tags.values()],
  // Nothing here is replicated or owned by another service.
  'primary-region': () => [],
  'owning-service': () => [],
  all: (secret) => [secret.name, ...descriptionWords(secret), ...secret.tags.keys(), ...secret.tags.values()],
};
