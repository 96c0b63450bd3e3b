import { ServiceError } from '../errors.ts';

type PageRequest = { readonly MaxResults?: number | undefined; readonly NextToken?: string | undefined };

/** One page of a list and the token of the next. The token is the offset: nobody here lists while others write. */
export function page<T>(all: readonly T[], { MaxResults = 100, NextToken }: PageRequest) {
  const start = NextToken === undefined ? 0 : Number(Buffer.from(NextToken, 'base64').toString());
  if (!Number.isInteger(start) || start < 0 || (NextToken !== undefined && NextToken !== tokenFor(start))) {
    throw new ServiceError('InvalidNextTokenException', 'The NextToken value is invalid.');
  }
  const end = start + MaxResults;
  return { items: all.slice(start, end), nextToken: end < all.length ? tokenFor(end) : undefined };
}

const tokenFor = (offset: number) => Buffer.from(String(offset)).toString('base64');
