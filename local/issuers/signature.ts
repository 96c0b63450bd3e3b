import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What an Authorization header of AWS says of whoever signed. */
export interface Signer {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: string;
  readonly signature: string;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=(?<accessKeyId>\w+)\/(?<date>\d{8})\/(?<region>[\w-]+)\/(?<service>\w+)\/aws4_request, SignedHeaders=(?<signedHeaders>[\w;-]+), Signature=(?<signature>[0-9a-f]{64})$/;

export function signerOf(headers: IncomingHttpHeaders): Signer | undefined {
  const { accessKeyId, date, region, service, signedHeaders, signature } =
    AUTHORIZATION.exec(headers.authorization ?? '')?.groups ?? {};
  if (!accessKeyId || !date || !region || !service || !signedHeaders || !signature) return undefined;
  return { accessKeyId, date, region, service, signedHeaders, signature };
}

/**
 * Whether the request was signed with this secret. For requests without a query, as those of the query protocol are:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function isSignedWith(secret: string, request: SignedRequest, signer: Signer): boolean {
  const { date, region, service, signedHeaders, signature } = signer;
  const headers = signedHeaders.split(';').map((name) => `${name}:${spaced(request.headers[name])}\n`);
  const canonical = [request.method, request.path, '', headers.join(''), signedHeaders, sha256(request.body)];
  const scope = `${date}/${region}/${service}/aws4_request`;
  const time = String(request.headers['x-amz-date']);
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical.join('\n'))].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  return timingSafeEqual(hmac(key, toSign), Buffer.from(signature, 'hex'));
}

function spaced(value: string | string[] | undefined): string {
  return String(value).trim().replace(/ +/g, ' ');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
