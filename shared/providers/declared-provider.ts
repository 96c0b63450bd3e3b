import { type Clock, realTime } from '../clock.ts';
import { IssuerRefused, KeyLimitReached, type RotationError, Unreachable } from '../errors.ts';
import { Sensitive } from '../secrets/sensitive.ts';
import type { Declaration, DeclaredList, DeclaredRequest, DeclaredRetirement, Refusal } from './declaration.ts';
import { urlsOf, valuesOf } from './declared-access.ts';
import { livingKeyIn, sensitiveIn, textIn } from './declared-living-key.ts';
import { pagesOf } from './declared-pages.ts';
import { baseOf, type Recipient, requestOf } from './declared-request.ts';
import { askIssuer, type IssuerAnswer } from './issuer-call.ts';
import { at, says } from './json-pointer.ts';
import type { Access, Issuer, LivingKey, Provider, TimeLimit } from './provider.ts';

export interface DeclaredProvider extends Provider {
  readonly declaration: Declaration;
}

/** A provider that does what a declaration says. */
export function declared(declaration: Declaration, clock: Clock = realTime): DeclaredProvider {
  return {
    name: declaration.name,
    declaration,
    open: (access, limit) => openDeclared(declaration, access, limit, clock),
  };
}

type Operation = 'getting an access token' | 'making a key' | 'listing keys' | 'ending a key' | 'trying a key';
/** What a request has besides administrator and target. */
type More = Readonly<Record<string, unknown>>;

export function openDeclared(declaration: Declaration, access: Access, limit: TimeLimit, clock: Clock): Issuer {
  const { name: provider, facts, list, retire } = declaration;
  const known = valuesOf(declaration, access);
  const recipient: Recipient = { urls: urlsOf(declaration, access), conceal: access.conceal };
  const caller = { limit, environment: access.environment, clock };
  let token: Promise<string> | undefined;

  async function ask(
    operation: Operation,
    declaredRequest: DeclaredRequest,
    more: More,
    repeatable: boolean,
    url?: URL,
  ) {
    const values = new Map([...known, ...Object.entries(more)]);
    const request = requestOf(declaredRequest, values, recipient);
    const { busy, json } = declaredRequest;
    const call = { provider, operation, repeatable, ...(busy && { busy }), ...(json === false && { json }) };
    return await askIssuer({ ...call, request: url ? { ...request, url } : request }, caller);
  }

  /** As the administrator: with the declaration's headers, and a token where it takes one. */
  async function administer(
    operation: Operation,
    request: DeclaredRequest,
    more: More,
    repeatable: boolean,
    url?: URL,
  ) {
    token ??= declaration.token && accessToken(declaration.token);
    const headers = { ...declaration.headers, ...request.headers };
    const values = { ...more, ...(token && { token: await token }) };
    return await ask(operation, { ...request, headers }, values, repeatable, url);
  }

  async function accessToken(request: NonNullable<Declaration['token']>): Promise<string> {
    const operation = 'getting an access token';
    const json = succeeded(operation, request, await ask(operation, request, {}, true));
    const value = at(json, request.value);
    if (typeof value !== 'string' || value === '') throw unusable(operation, request, 'no token in it');
    access.conceal(new Sensitive(value));
    return value;
  }

  function succeeded(operation: Operation, request: DeclaredRequest, answer: IssuerAnswer): unknown {
    const { status, json } = answer;
    if (hasSucceeded(request, answer)) return json;
    const detail = isSuccess(request, status) ? `${status}, with an error inside` : String(status);
    throw refused(operation, request, detail, status);
  }

  function refused(operation: Operation, request: DeclaredRequest, detail: string, status: number): IssuerRefused {
    const remedy =
      status === 401 || status === 403
        ? "Check the credential in the administrator's secret, and what it may do at the issuer."
        : "Check the administrator's secret and the target in it, and whether the issuer's interface has changed.";
    return new IssuerRefused(
      `${provider}, ${operation} at ${baseOf(request, recipient).host}: refused (${detail}). ${remedy}`,
    );
  }

  function unusable(operation: Operation, request: DeclaredRequest, detail: string): RotationError {
    return new Unreachable(
      `${provider}, ${operation} at ${baseOf(request, recipient).host}: the answer cannot be used (${detail}). Check whether the issuer's interface has changed; the rotation can be repeated.`,
    );
  }

  return {
    facts,

    async mint({ name, idempotencyKey, value }) {
      const operation = 'making a key';
      const { mint } = declaration;
      const more = { name, idempotencyKey, ...(value && { key: value.reveal() }) };
      const answer = await administer(operation, mint, more, facts.idempotent === true || isIdempotent(mint));
      if (mint.limit && isRefusal(mint.limit, answer)) {
        throw new KeyLimitReached(
          `${provider} at ${baseOf(mint, recipient).host} says that no more keys may live. Nothing was made. End one that nobody needs, then let the rotation repeat.`,
        );
      }
      const json = succeeded(operation, mint, answer);
      const id = mint.id === undefined ? '' : textIn(json, mint.id);
      const key = value ?? (mint.value === undefined ? undefined : sensitiveIn(json, mint.value));
      if (key === undefined || (mint.id !== undefined && id === undefined))
        throw unusable(operation, mint, 'no key in it');
      access.conceal(key);
      return { id: id ?? '', value: key };
    },

    async accepts({ id, value }) {
      const { accepts } = declaration;
      const answer = await ask('trying a key', accepts, { id, key: value.reveal() }, true);
      if (accepts.refused.includes(answer.status)) return false;
      if (isSuccess(accepts, answer.status)) return says(answer.json, accepts.expect);
      throw refused('trying a key', accepts, String(answer.status), answer.status);
    },

    ...(list && { list: () => listed(list) }),

    ...(retire && {
      async retire(id: string) {
        for (const request of isSeveral(retire) ? retire : [retire]) {
          const answer = await administer('ending a key', request, { id }, true);
          if (await isGone(id, request, answer)) return;
          succeeded('ending a key', request, answer);
        }
      },
    }),
  };

  async function listed(list: DeclaredList): Promise<readonly LivingKey[]> {
    const keys: LivingKey[] = [];
    const ask = async (url?: URL) =>
      succeeded('listing keys', list, await administer('listing keys', list, {}, true, url));
    const useless = (detail: string) => unusable('listing keys', list, detail);
    const first = requestOf(list, known, recipient).url;
    for await (const items of pagesOf(list, first, ask, useless)) {
      keys.push(...items.filter((item) => says(item, list.where)).map((item) => livingKeyIn(list, item, useless)));
    }
    // Some issuers tell keys by nothing but themselves.
    const { id, value } = declaration.mint;
    const idsAreKeys = list.id === list.value || (id !== undefined && id === value);
    for (const key of keys) {
      if (key.value) access.conceal(key.value);
      if (idsAreKeys) access.conceal(new Sensitive(key.id));
    }
    return keys;
  }

  /** Not every issuer has a status that says so. */
  async function isGone(id: string, request: DeclaredRetirement, answer: IssuerAnswer): Promise<boolean> {
    if (request.gone?.includes(answer.status)) return true;
    if (hasSucceeded(request, answer) || list === undefined) return false;
    return !(await listed(list)).some((key) => key.id === id);
  }
}

function isSuccess({ success }: DeclaredRequest, status: number): boolean {
  return success ? success.includes(status) : status >= 200 && status < 300;
}

function hasSucceeded(request: DeclaredRequest, { status, json }: IssuerAnswer): boolean {
  return isSuccess(request, status) && says(json, request.expect);
}

function isRefusal({ status, expect }: Refusal, answer: IssuerAnswer): boolean {
  return answer.status === status && says(answer.json, expect);
}

/** By what the method means: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2; a PATCH says the whole new value. */
function isIdempotent({ request }: DeclaredRequest): boolean {
  return request.startsWith('PUT ') || request.startsWith('PATCH ');
}

function isSeveral<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
