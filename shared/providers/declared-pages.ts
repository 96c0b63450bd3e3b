import type { DeclaredList } from './declaration.ts';
import { at } from './json-pointer.ts';

/** More than this is no list of keys, or one that never ends. */
const MOST_PAGES = 100;

/**
 * The items of a list, page by page, to its end.
 *
 * @param unusable what to throw if an answer is no page; a list that is not whole would hide keys
 */
export async function* pagesOf(
  { items, pages }: DeclaredList,
  first: URL,
  ask: (url: URL) => Promise<unknown>,
  unusable: (detail: string) => Error,
): AsyncGenerator<readonly unknown[], void> {
  let url: URL | undefined = pages && 'number' in pages ? withParameter(first, pages.number, pages.first) : first;
  for (let page = 1; url !== undefined; page += 1) {
    if (page > MOST_PAGES) throw unusable(`more than ${MOST_PAGES} pages`);
    const json = await ask(url);
    const found = at(json, items);
    if (!Array.isArray(found)) throw unusable('no list in it');
    yield found;
    url = next(json, found.length, page);
  }

  function next(json: unknown, length: number, page: number): URL | undefined {
    if (pages === undefined) return undefined;
    if ('number' in pages) {
      return length < pages.size ? undefined : withParameter(first, pages.number, pages.first + page);
    }
    if ('cursor' in pages) {
      const cursor = at(json, pages.at);
      if (typeof cursor !== 'string' || cursor === '' || (pages.more && at(json, pages.more) !== true))
        return undefined;
      return withParameter(first, pages.cursor, cursor);
    }
    const link = at(json, pages.next);
    if (typeof link !== 'string' || link === '') return undefined;
    const following = URL.parse(link, first.href);
    if (following?.origin !== first.origin) throw unusable('a next page at another host');
    return following;
  }
}

function withParameter(url: URL, name: string, value: string | number): URL {
  const changed = new URL(url);
  changed.searchParams.set(name, String(value));
  return changed;
}
