import { describe, expect, it } from 'vitest';
import { fakeInHouse } from '../../../local/issuers/in-house.ts';
import { InvalidSecret } from '../../../shared/errors.ts';
import { http } from '../../../shared/providers/http.ts';
import { parseDeclaration } from '../../../shared/providers/http-declaration.ts';
import { providerSuite } from '../../conformance/provider.ts';
import { timeLimit } from '../../support/time-limit.ts';

const written = {
  facts: { value: 'issued', livingKeys: 3, longestName: 120, propagationMs: 30_000 },
  administrator: ['adminToken'],
  target: { application: 'text' },
  headers: { authorization: 'Bearer {administrator.adminToken}' },
  mint: {
    request: 'POST /v1/applications/{target.application}/keys',
    body: { name: '{name}' },
    id: '/key/id',
    value: '/key/secret',
    limit: { status: 409, expect: { '/error/code': 'too_many_keys' } },
  },
  list: {
    request: 'GET /v1/applications/{target.application}/keys',
    items: '/keys',
    id: '/id',
    name: '/name',
    createdAt: '/created',
    pages: { cursor: 'after', at: '/next' },
  },
  retire: { request: 'DELETE /v1/applications/{target.application}/keys/{id}', gone: [404] },
  accepts: { request: 'GET /v1/whoami', headers: { authorization: 'Bearer {key}' }, refused: [401] },
};

const subject = { fake: () => fakeInHouse(), target: { application: 'shop' }, account: 'shop' };

describe('an issuer that a deployer declares', () => {
  providerSuite({ ...subject, declaration: parseDeclaration(written) });
});

describe('an issuer that a deployer declares, and that takes idempotency keys', () => {
  const facts = { ...written.facts, idempotent: true };
  const mint = { ...written.mint, headers: { 'Idempotency-Key': '{idempotencyKey}' } };
  providerSuite({ ...subject, declaration: parseDeclaration({ ...written, facts, mint }) });
});

describe('the provider http', () => {
  const open = (administrator: Readonly<Record<string, unknown>>) =>
    http.open({ administrator, target: { application: 'shop' }, environment: {}, conceal: () => {} }, timeLimit());

  it('does what the administrator’s secret declares', () => {
    const administrator = { baseUrl: 'https://keys.example.com', adminToken: 'token-4711', declaration: written };
    expect(open(administrator).facts).toEqual(written.facts);
  });

  it.each([
    ['no declaration', { baseUrl: 'https://keys.example.com', adminToken: 'token-4711' }, '"declaration"'],
    ['no address', { adminToken: 'token-4711', declaration: written }, '"baseUrl"'],
    [
      'a plain address',
      { baseUrl: 'http://keys.example.com', adminToken: 'token-4711', declaration: written },
      'https',
    ],
    ['no credential', { baseUrl: 'https://keys.example.com', declaration: written }, '"adminToken"'],
  ])('says what is missing of a secret with %s', (_, administrator, named) => {
    expect(() => open(administrator)).toThrow(InvalidSecret);
    expect(() => open(administrator)).toThrow(named);
  });
});
