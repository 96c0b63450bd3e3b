import { describe, expect, it } from 'vitest';
import { InvalidSecret } from '../../../shared/errors.ts';
import { parseDeclaration } from '../../../shared/providers/http-declaration.ts';
import { issuers } from '../../../shared/providers/providers.ts';

/** An issuer as a deployer would declare it. */
const valid = {
  facts: { value: 'issued', livingKeys: 5, longestName: 100, propagationMs: 2000 },
  administrator: ['adminKey'],
  target: { account: 'text', scopes: 'optional json' },
  headers: { authorization: 'Bearer {administrator.adminKey}' },
  mint: {
    request: 'POST /v1/accounts/{target.account}/keys',
    body: { name: '{name}', scopes: '{target.scopes}' },
    id: '/id',
    value: '/secret',
  },
  list: { request: 'GET /v1/accounts/{target.account}/keys', items: '/keys', id: '/id', name: '/name' },
  retire: { request: 'DELETE /v1/keys/{id}', gone: [404] },
  accepts: { request: 'GET /v1/whoami', headers: { authorization: 'Bearer {key}' }, refused: [401] },
};

type Path = readonly [string, ...string[]];

/** A copy with one member set, or taken out. */
function changed(path: Path, value: unknown): unknown {
  const [first, ...rest] = path;
  const change = (object: unknown, name: string, more: readonly string[]): unknown => {
    const [next, ...others] = more;
    const members = new Map(Object.entries(object ?? {}));
    if (next !== undefined) members.set(name, change(members.get(name), next, others));
    else if (value === undefined) members.delete(name);
    else members.set(name, value);
    return Object.fromEntries(members);
  };
  return change(valid, first, rest);
}

function refusal(declaration: unknown): string {
  try {
    parseDeclaration(declaration);
  } catch (error) {
    if (error instanceof InvalidSecret) return error.message;
    throw error;
  }
  throw new Error('It was accepted.');
}

describe('a declaration in the administrator’s secret', () => {
  it('says what a built-in one says', () => {
    expect(parseDeclaration(valid)).toEqual({ ...valid, name: 'http', documentation: '' });
  });

  it('may send a request to another address that it names', () => {
    const written = changed(['otherUrls'], { loginUrl: 'https://login.example.com' });
    const token = { request: 'POST /token', base: 'loginUrl', value: '/access_token' };
    expect(parseDeclaration({ ...Object(written), token })).toMatchObject({ token });
  });

  it('could have been any of those that are built in', () => {
    for (const { declaration } of issuers) {
      const { name: _, documentation: __, baseUrl: ___, ...written } = { baseUrl: '', ...Object(declaration) };
      expect(parseDeclaration(JSON.parse(JSON.stringify(written)))).toMatchObject({ name: 'http', ...written });
    }
  });

  it.each<[Path, unknown, string]>([
    [['facts'], undefined, 'declaration.facts'],
    [['facts', 'value'], 'made', 'declaration.facts.value'],
    [['facts', 'propagationMs'], '2000', 'declaration.facts.propagationMs'],
    [['facts', 'propagationMs'], 3_600_000, 'declaration.facts.propagationMs'],
    [['facts', 'longestName'], 20, 'declaration.facts.longestName'],
    [['facts', 'livingKeys'], 0, 'declaration.facts.livingKeys'],
    [['administrator'], 'adminKey', 'declaration.administrator'],
    [['target', 'account'], 'number', 'declaration.target.account'],
    [['headers', 'authorization'], 7, 'declaration.headers.authorization'],
    [['mint'], [], 'declaration.mint'],
    [['mint', 'request'], 'POST', 'declaration.mint.request'],
    [['mint', 'request'], 'FETCH /v1', 'declaration.mint.request'],
    [['mint', 'request'], 'POST http://plain.example.com/', 'declaration.mint.request'],
    [['mint', 'request'], 'POST //other.example.com/', 'declaration.mint.request'],
    [['mint', 'request'], 'POST https://other.example.com/v1/keys', 'declaration.mint.request'],
    [['mint', 'base'], 'loginUrl', 'declaration.mint.base'],
    [['mint', 'busy'], { status: 409 }, 'declaration.mint.busy'],
    [['otherUrls'], ['https://login.example.com'], 'declaration.otherUrls'],
    [['mint', 'id'], 'id', 'declaration.mint.id'],
    [['mint', 'id'], '/a~2', 'declaration.mint.id'],
    [['mint', 'succes'], [200], 'declaration.mint'],
    [['mint', 'limit'], { status: 42 }, 'declaration.mint.limit.status'],
    [['list', 'pages'], { page: 1 }, 'declaration.list.pages'],
    [['list', 'where'], { state: 'alive' }, 'declaration.list.where'],
    [['retire', 'gone'], 404, 'declaration.retire'],
    [['accepts'], undefined, 'declaration.accepts'],
    [['accepts', 'json'], true, 'declaration.accepts.json'],
    [['accepts', 'refused'], ['401'], 'declaration.accepts.refused.0'],
    [['name'], 'mine', 'declaration'],
  ])('with %j = %j is refused, by that name', (path, value, named) => {
    const message = refusal(changed(path, value));
    expect(message).toContain(`"${named}"`);
    expect(message).toMatch(/Correct the declaration\.$/);
  });

  it.each([undefined, null, 'text', [], 7])('is not %j', (written) => {
    expect(refusal(written)).toContain('"declaration"');
  });

  it('names every wrong field at once, and quotes none', () => {
    const message = refusal({ ...valid, administrator: 'canary-4711', mint: { request: 'canary-4711' } });
    expect(message).toContain('"declaration.administrator"');
    expect(message).toContain('"declaration.mint.request"');
    expect(message).not.toContain('4711');
  });
});

describe('a declaration by which a key could be lost', () => {
  it.each<[string, Path]>([
    ['the key', ['mint', 'value']],
    ['its id', ['mint', 'id']],
    ['how keys are found again', ['list']],
    ['how they end', ['retire']],
    ['by which name they are found', ['list', 'name']],
  ])('is refused without %s', (_, path) => {
    expect(refusal(changed(path, undefined))).toContain(`"declaration.${path.join('.')}" is missing`);
  });

  it('is refused if the name that it is found by is not sent', () => {
    expect(refusal(changed(['mint', 'body'], { scopes: '{target.scopes}' }))).toContain('"{name}"');
  });

  it('needs no list if the caller chooses the value, or asking twice gives the same key', () => {
    const { list: _, retire: __, ...once } = valid;
    const chosen = {
      ...once,
      facts: { value: 'chosen', propagationMs: 0 },
      mint: { request: 'PATCH /v1/client', body: { client_secret: '{key}' } },
    };
    expect(parseDeclaration(chosen)).toMatchObject(chosen);
    const idempotent = {
      ...once,
      facts: { value: 'issued', idempotent: true, propagationMs: 0 },
      mint: { ...valid.mint, headers: { 'idempotency-key': '{idempotencyKey}' } },
    };
    expect(parseDeclaration(idempotent)).toMatchObject(idempotent);
    expect(refusal({ ...idempotent, mint: valid.mint })).toContain('"{idempotencyKey}"');
    expect(refusal({ ...chosen, mint: { request: 'PATCH /v1/client', body: {} } })).toContain('"{key}"');
  });
});

describe('a template', () => {
  it.each<[Path, unknown, string, string]>([
    [['accepts', 'headers'], { authorization: '{administrator.adminKey}' }, 'accepts', 'administrator.adminKey'],
    [['accepts', 'headers'], { authorization: '{token}' }, 'accepts', 'token'],
    [['headers', 'authorization'], 'Bearer {token}', 'headers', 'token'],
    [['headers', 'authorization'], 'Bearer {administrator.other}', 'headers', 'administrator.other'],
    [['mint', 'body'], { name: '{name}', key: '{key}' }, 'mint', 'key'],
    [['list', 'request'], 'GET /v1/{id}', 'list', 'id'],
    [['retire', 'request'], 'DELETE /v1/{target.other}', 'retire', 'target.other'],
  ])('at %j that says %j means nothing there', (path, value, place, name) => {
    const message = refusal(changed(path, value));
    expect(message).toContain(`"declaration.${place}" has "{${name}}", which means nothing there`);
  });
});
