import type { Clock } from '../clock.ts';
import { IssuerRefused, OutOfTime, RotationError, TlsRefused, Unreachable } from '../errors.ts';
import type { DeclaredRequest } from './declaration.ts';
import { AnswerTooLong, exchange, type HttpsAnswer, type HttpsRequest } from './https-exchange.ts';
import { says } from './json-pointer.ts';
import type { TimeLimit } from './provider.ts';
import { addressesOf } from './public-hosts.ts';

export interface IssuerCall {
  readonly provider: string;
  /** What is done, for messages: "making a key". */
  readonly operation: string;
  readonly request: HttpsRequest;
  /** Whether the issuer may be asked once more although it may have heard already. */
  readonly repeatable: boolean;
  readonly busy?: DeclaredRequest['busy'];
  readonly json?: DeclaredRequest['json'];
}

export interface IssuerAnswer {
  readonly status: number;
  /** `undefined` if the body is empty, or no JSON where that may be. */
  readonly json: unknown;
}

export interface Caller {
  readonly limit: TimeLimit;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

const ATTEMPT_MS = 5_000;
const RETRIES = 3;
const FIRST_PAUSE_MS = 250;
/** What a repetition needs of the time that is left. */
const LEAST_ATTEMPT_MS = 1_000;

/** Nothing was sent: https://nodejs.org/api/errors.html#common-system-errors, and dns.lookup's errors. */
const NOT_CONNECTED = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']);
/** OpenSSL's and Node's own: https://nodejs.org/api/errors.html#openssl-errors and https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const TLS_ERROR = /CERT|^ERR_(TLS|SSL)|^EPROTO$|UNABLE_TO_VERIFY|^INVALID_PURPOSE|PATH_LENGTH/;

/**
 * Asks an issuer, and again, a few times and within the limit, where it says that it was too busy, or where it may be
 * asked twice and gave no usable answer. Never follows a redirect. Errors name issuer, host and status, and nothing that
 * was sent or answered: issuers repeat requests in their errors.
 *
 * @throws IssuerRefused for a redirect, Unreachable, TlsRefused, InvalidSetting (see `addressesOf`), OutOfTime
 */
export async function askIssuer(call: IssuerCall, caller: Caller): Promise<IssuerAnswer> {
  const { limit, clock } = caller;
  for (let retry = 0; ; retry += 1) {
    const outcome = await attempt(call, caller);
    if ('answer' in outcome) return outcome.answer;
    const pause = outcome.afterMs ?? FIRST_PAUSE_MS * 2 ** retry;
    const inTime = limit.remaining() - pause > LEAST_ATTEMPT_MS;
    if (!outcome.again || retry === RETRIES || !inTime) throw outcome.error(retry + 1, inTime);
    await clock.wait(pause, limit.signal);
  }
}

type Outcome =
  | { readonly answer: IssuerAnswer }
  | {
      readonly again: boolean;
      /** What the issuer asked to wait. */
      readonly afterMs?: number | undefined;
      error(attempts: number, inTime: boolean): RotationError;
    };

async function attempt(call: IssuerCall, { limit, environment, clock }: Caller): Promise<Outcome> {
  const about = aboutOf(call);
  const timeUp = AbortSignal.timeout(ATTEMPT_MS);
  let answer: HttpsAnswer;
  try {
    const addresses = addressesOf(call.request.url, environment);
    answer = await exchange(call.request, AbortSignal.any([limit.signal, timeUp]), addresses);
  } catch (error) {
    if (limit.signal.aborted) throw outOfTime(about);
    return failure(call, error, timeUp.aborted);
  }
  const { status } = answer;
  if (status >= 300 && status < 400) {
    throw new IssuerRefused(
      `${about}: it answers with a redirect (${status}), which is not followed. Correct the base URL, or the declaration.`,
    );
  }
  const json = parsed(answer.body);
  const isBusy = call.busy?.some((refusal) => refusal.status === status && says(json.value, refusal.expect));
  if (status === 429 || isBusy) {
    const afterMs = millisecondsOf(answer.retryAfter, clock.now());
    return { again: true, afterMs, error: (attempts, inTime) => throttled(about, status, attempts, inTime, afterMs) };
  }
  if (status >= 500) {
    const afterMs = millisecondsOf(answer.retryAfter, clock.now());
    return { again: call.repeatable, afterMs, error: () => unreachable(call, `status ${status}`) };
  }
  if (status >= 200 && status < 300 && !json.valid && call.json !== false) {
    return { again: false, error: () => unreachable(call, `status ${status} with something that is not JSON`) };
  }
  return { answer: { status, json: json.value } };
}

function failure(call: IssuerCall, error: unknown, attemptOver: boolean): Outcome {
  if (error instanceof RotationError) throw error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
  if (TLS_ERROR.test(code)) {
    throw new TlsRefused(
      `${aboutOf(call)}: no TLS connection that can be trusted (${code}). Check the base URL; a private authority goes into the function's NODE_EXTRA_CA_CERTS.`,
    );
  }
  const tooLong = error instanceof AnswerTooLong;
  const detail = tooLong ? 'an answer of more than 1 MiB' : attemptOver ? `none within ${ATTEMPT_MS / 1000} s` : code;
  const again = !tooLong && (call.repeatable || NOT_CONNECTED.has(code));
  return { again, error: () => unreachable(call, detail) };
}

function aboutOf({ provider, operation, request }: IssuerCall): string {
  return `${provider}, ${operation} at ${request.url.host}`;
}

/** The cause stays behind: nothing in it helps more than its code, and what it may quote is the issuer's. */
function unreachable(call: IssuerCall, detail: string): Unreachable {
  const done = call.repeatable
    ? 'The rotation can be repeated.'
    : 'The issuer may have done it all the same: the repeated rotation finds and ends what is not stored.';
  return new Unreachable(
    `${aboutOf(call)}: no usable answer (${detail}). Check the issuer's status and the function's network (in a VPC: NAT). ${done}`,
  );
}

function throttled(about: string, status: number, attempts: number, inTime: boolean, afterMs?: number): Unreachable {
  const wish = afterMs === undefined ? '' : `, and asks to wait ${Math.ceil(afterMs / 1000)} s`;
  const times = attempts === 1 ? 'once' : `${attempts} times`;
  const late = inTime ? '' : ', which is longer than the function has';
  return new Unreachable(
    `${about}: it was too busy ${times} (${status})${wish}${late}. Nothing was done; let the rotation repeat.`,
  );
}

function outOfTime(about: string): OutOfTime {
  return new OutOfTime(
    `${about}: no answer before the function's time was up. Raise the function's timeout if this comes back; the rotation can be repeated.`,
  );
}

/** Seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
function millisecondsOf(retryAfter: string | undefined, now: Date): number | undefined {
  if (retryAfter === undefined) return undefined;
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const date = retryAfter.endsWith(' GMT') ? Date.parse(retryAfter) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}

function parsed(body: Buffer): { readonly valid: boolean; readonly value?: unknown } {
  if (body.length === 0) return { valid: true };
  try {
    return { valid: true, value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) };
  } catch {
    // What JSON.parse says quotes the answer, which may hold a key.
    return { valid: false };
  }
}
