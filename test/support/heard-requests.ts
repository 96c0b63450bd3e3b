import type { FakeIssuer, FakeRequest } from '../../local/issuers/fake-issuer.ts';

/** The same issuer, and what it was asked, by method and path as its routes have them. */
export function hearing(issuer: FakeIssuer): {
  readonly issuer: FakeIssuer;
  readonly heard: (readonly [route: string, request: FakeRequest])[];
} {
  const heard: (readonly [string, FakeRequest])[] = [];
  const routes = Object.entries(issuer.routes).map(([route, answer]) => {
    const listening = (request: FakeRequest) => {
      heard.push([route, request]);
      return answer(request);
    };
    return [route, listening] as const;
  });
  return { issuer: { ...issuer, routes: Object.fromEntries(routes) }, heard };
}
