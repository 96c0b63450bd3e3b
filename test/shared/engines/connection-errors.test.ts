import { describe, expect, it } from 'vitest';
import { errorParts, tlsFailure, unreachable } from '../../../shared/engines/connection-errors.ts';

const failed = (code: string, message = code) => Object.assign(new Error(message), { code });

describe('a server that did not answer', () => {
  it.each([
    ['whose name is unknown', failed('ENOTFOUND'), /does not resolve/],
    ['whose name server is silent', failed('EAI_AGAIN'), /does not resolve/],
    ['where nobody listens', failed('ECONNREFUSED'), /refuses connections/],
    ['that is silent, as the driver says', new Error('timeout expired'), /did not answer in time/],
    [
      'that is silent, as the kernel says',
      failed('ETIMEDOUT', 'connect ETIMEDOUT 10.0.0.1:1'),
      /did not answer in time/,
    ],
    ['that hung up', failed('ECONNRESET'), /broke the connection/],
    ['at several addresses', new AggregateError([failed('ECONNREFUSED')]), /AggregateError/],
    ['that somebody threw as no error', 'a string', /a string/],
  ])('and %s is Unreachable, and the error says why', (_, error, why) => {
    const explained = unreachable('The server', errorParts(error), error);
    expect(explained).toMatchObject({ name: 'Unreachable', cause: error });
    expect(explained.message).toMatch(/^The server /);
    expect(explained.message).toMatch(why);
  });
});

describe('a failure of TLS', () => {
  it.each([
    failed('SELF_SIGNED_CERT_IN_CHAIN'),
    failed('DEPTH_ZERO_SELF_SIGNED_CERT'),
    failed('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
    failed('CERT_HAS_EXPIRED'),
    failed('ERR_TLS_CERT_ALTNAME_INVALID'),
    failed('ERR_SSL_WRONG_VERSION_NUMBER'),
    new Error('no certificate was found'),
  ])('is one: %s', (error) => {
    expect(tlsFailure('The server', errorParts(error), error)).toMatchObject({ name: 'TlsRefused', cause: error });
  });

  it.each([failed('ECONNRESET'), failed('ENOTFOUND'), new Error('timeout')])('is none: %s', (error) => {
    expect(tlsFailure('The server', errorParts(error), error)).toBeUndefined();
  });
});
