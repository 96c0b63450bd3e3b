import { Sensitive } from './sensitive.ts';

/** What one version of a secret holds: Secrets Manager's `SecretString` or `SecretBinary`, never both. */
export type SecretValue =
  | { readonly kind: 'string'; readonly text: Sensitive }
  | { readonly kind: 'binary'; readonly bytes: Sensitive<Uint8Array> };

export function stringValue(text: string | Sensitive): SecretValue {
  return { kind: 'string', text: typeof text === 'string' ? new Sensitive(text) : text };
}

export function binaryValue(bytes: Uint8Array | Sensitive<Uint8Array>): SecretValue {
  return { kind: 'binary', bytes: bytes instanceof Uint8Array ? new Sensitive(bytes) : bytes };
}

/** Byte for byte. A string and a binary value are never the same, as the service keeps them apart. */
export function sameValue(a: SecretValue, b: SecretValue): boolean {
  if (a.kind === 'string') {
    return b.kind === 'string' && a.text.equals(b.text);
  }
  return b.kind === 'binary' && a.bytes.equals(b.bytes);
}
