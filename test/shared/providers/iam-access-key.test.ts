import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeIam, type IamFault, startIam } from '../../../local/issuers/iam.ts';
import { IssuerRefused, KeyLimitReached, OutOfTime, Unreachable } from '../../../shared/errors.ts';
import { type IamIssuer, iamAccessKey } from '../../../shared/providers/iam-access-key.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { failureOf } from '../../support/failure.ts';

const ROLE = { accessKeyId: 'AKIDROLE', secretAccessKey: 'secret-of-the-role' };
const REQUEST = { name: 'unused', idempotencyKey: 'unused' };
const limit = { remaining: () => 10_000, signal: new AbortController().signal };

let fake: FakeIam;
let environment: Record<string, string> = {};
let userNumber = 0;
let user = '';
let arn = '';

beforeAll(async () => {
  fake = await startIam({ role: ROLE });
  environment = {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: ROLE.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ROLE.secretAccessKey,
    AWS_ENDPOINT_URL_IAM: fake.endpoint,
    AWS_ENDPOINT_URL_STS: fake.endpoint,
    AWS_MAX_ATTEMPTS: '2',
  };
});

afterAll(() => fake.close());

beforeEach(() => {
  userNumber += 1;
  user = `app-${userNumber}`;
  arn = fake.users.add(user, '/team/');
  fake.calls.splice(0);
  fake.faults.splice(0);
  Object.assign(fake, { allowed: undefined, propagation: 0, pageSize: 100 });
});

const issuer = (signal: AbortSignal = limit.signal): IamIssuer =>
  iamAccessKey.open(arn, environment, { ...limit, signal });
const ids = () => fake.users.keysOf(user).map(({ id }) => id);

describe('a key of an IAM user', () => {
  it('is made, is accepted, is listed, and is ended', async () => {
    const key = await issuer().mint(REQUEST);
    expect(ids()).toEqual([key.id]);
    expect(await issuer().accepts(key)).toBe(true);
    expect(await issuer().list?.()).toEqual([{ id: key.id, createdAt: fake.users.key(key.id)?.createdAt }]);
    await issuer().retire?.(key.id);
    expect(ids()).toEqual([]);
    expect(await issuer().accepts(key)).toBe(false);
  });

  it('is deactivated before it is deleted', async () => {
    const { id } = fake.users.mint(user);
    await issuer().retire?.(id);
    expect(fake.calls).toEqual([`UpdateAccessKey ${id}`, `DeleteAccessKey ${id}`]);
  });

  it('that is gone already is ended', async () => {
    await issuer().retire?.('AKIAAAAAAAAAAAAAAAAA');
    const { id } = fake.users.mint(user);
    fake.faults.push({ operation: 'DeleteAccessKey', answer: { status: 404, code: 'NoSuchEntity' }, done: true });
    await issuer().retire?.(id);
    expect(ids()).toEqual([]);
  });

  it("of another user cannot be ended through this one's", async () => {
    fake.users.add('other');
    const { id } = fake.users.mint('other');
    await issuer().retire?.(id);
    expect(fake.users.key(id)?.active).toBe(true);
  });

  it('is refused until it is known everywhere', async () => {
    fake.propagation = 2;
    const key = await issuer().mint(REQUEST);
    const answers = [];
    for (let attempt = 0; attempt < 3; attempt += 1) answers.push(await issuer().accepts(key));
    expect(answers).toEqual([false, false, true]);
  });

  it.each([
    ['another secret', () => ({ id: fake.users.mint(user).id, value: new Sensitive('wrong') })],
    ['an unknown id', () => ({ id: 'AKIAAAAAAAAAAAAAAAAA', value: new Sensitive('wrong') })],
    [
      "another user's id and secret",
      () => {
        fake.users.add('other');
        const { id, secret } = fake.users.mint('other');
        return { id, value: new Sensitive(secret) };
      },
    ],
    [
      'an inactive id',
      () => {
        const key = fake.users.mint(user);
        key.active = false;
        return { id: key.id, value: new Sensitive(key.secret) };
      },
    ],
  ])('is not accepted with %s', async (_, key) => {
    expect(await issuer().accepts(key())).toBe(false);
  });

  it('is listed though it is inactive, since it counts against the quota, and though it stands on a later page', async () => {
    const keys = [fake.users.mint(user), fake.users.mint(user)];
    for (const key of keys) key.active = false;
    fake.pageSize = 1;
    expect((await issuer().list?.())?.map(({ id }) => id)).toEqual(ids());
    expect(fake.calls).toHaveLength(2);
  });

  it('tells when it was last used, if ever', async () => {
    const { id, secret } = fake.users.mint(user);
    expect(await issuer().lastUsedAt(id)).toBeUndefined();
    await issuer().accepts({ id, value: new Sensitive(secret) });
    expect(await issuer().lastUsedAt(id)).toEqual(fake.users.key(id)?.lastUsedAt);
  });
});

describe('whose a key is', () => {
  it('is told by the key itself', async () => {
    const { id, secret } = fake.users.mint(user);
    const key = { id, value: new Sensitive(secret) };
    expect(await iamAccessKey.identityOf(key, environment, limit)).toEqual({ account: '123456789012', arn });
  });

  it('is not told of a key that AWS does not know', async () => {
    const key = { id: 'AKIAAAAAAAAAAAAAAAAA', value: new Sensitive('wrong') };
    expect(await iamAccessKey.identityOf(key, environment, limit)).toBeUndefined();
  });

  it("is told of the function's own role", async () => {
    expect(await iamAccessKey.ownIdentity(environment, limit)).toMatchObject({ account: '123456789012' });
    expect(fake.calls).toEqual(['GetCallerIdentity AKIDROLE']);
  });
});

describe('a mint', () => {
  const minted = () => fake.calls.filter((call) => call.startsWith('CreateAccessKey')).length;

  it.each<[string, IamFault['answer']]>([
    ['a 5xx', { status: 500, code: 'ServiceFailure' }],
    ['a lost answer', 'lost'],
    ['an answer that is no XML', { text: '<!DOCTYPE html><html><p>SecretAccessKey' }],
    ['an answer without a key', { text: '<CreateAccessKeyResponse/>' }],
    ['an answer that breaks off', { text: '<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey>' }],
    ['an answer that is empty', { text: '' }],
  ])('is not repeated after %s, for a key may have been made', async (_, answer) => {
    fake.faults.push({ operation: 'CreateAccessKey', answer, done: true });
    const error = await failureOf(issuer().mint(REQUEST));
    expect(error).toBeInstanceOf(Unreachable);
    expect(error.message).toContain('A key may have been made');
    expect(minted()).toBe(1);
    expect(ids()).toHaveLength(1);
  });

  it('is repeated while it is throttled', async () => {
    const throttled = { operation: 'CreateAccessKey', answer: { status: 400, code: 'Throttling' } };
    fake.faults.push(throttled);
    await issuer().mint(REQUEST);
    expect(minted()).toBe(2);
    expect(ids()).toHaveLength(1);
  });

  it('is throttled as often as AWS_MAX_ATTEMPTS says', async () => {
    const throttled = { operation: 'CreateAccessKey', answer: { status: 400, code: 'Throttling' } };
    fake.faults.push(throttled, throttled, throttled);
    expect(await failureOf(issuer().mint(REQUEST))).toBeInstanceOf(Unreachable);
    expect(minted()).toBe(2);
  });

  it('beyond the quota of two keys is refused at once, with the way out', async () => {
    fake.users.mint(user);
    fake.users.mint(user).active = false;
    const error = await failureOf(issuer().mint(REQUEST));
    expect(error).toBeInstanceOf(KeyLimitReached);
    expect(error.message).toContain('aws iam delete-access-key');
    expect(minted()).toBe(1);
  });
});

describe('errors', () => {
  const operations: ReadonlyArray<[string, () => Promise<unknown> | undefined]> = [
    ['CreateAccessKey', () => issuer().mint(REQUEST)],
    ['ListAccessKeys', () => issuer().list?.()],
    ['GetAccessKeyLastUsed', () => issuer().lastUsedAt(fake.users.mint(user).id)],
    ['UpdateAccessKey', () => issuer().retire?.(fake.users.mint(user).id)],
  ];

  it.each(operations)('say which permission %s lacks, and on which user', async (operation, ask) => {
    fake.allowed = [];
    const error = await failureOf(ask() ?? Promise.resolve());
    expect(error).toBeInstanceOf(IssuerRefused);
    expect(error.message).toContain(`Allow the function's role iam:${operation} on ${arn}.`);
  });

  it.each(operations)('of %s after throttling or a fault of IAM are no refusals', async (operation, ask) => {
    for (const [status, code] of [
      [400, 'Throttling'],
      [503, 'ServiceUnavailable'],
    ] as const) {
      fake.faults.splice(0, Infinity, ...Array(2).fill({ operation, answer: { status, code } }));
      expect(await failureOf(ask() ?? Promise.resolve())).toBeInstanceOf(Unreachable);
      for (const { id } of fake.users.keysOf(user)) fake.users.end(id);
    }
  });

  it('say that there is no such user', async () => {
    arn = 'arn:aws:iam::123456789012:user/nobody';
    const error = await failureOf(issuer().list?.() ?? Promise.resolve());
    expect(error).toBeInstanceOf(IssuerRefused);
    expect(error.message).toContain('Correct the secret');
  });

  it("say that the function's own credentials are refused", async () => {
    environment = { ...environment, AWS_SECRET_ACCESS_KEY: 'wrong' };
    const error = await failureOf(issuer().mint(REQUEST)).finally(() => {
      environment = { ...environment, AWS_SECRET_ACCESS_KEY: ROLE.secretAccessKey };
    });
    expect(error).toBeInstanceOf(IssuerRefused);
    expect(error.message).toContain("Check the function's own credentials");
  });

  it('say that the time was up', async () => {
    const error = await failureOf(issuer(AbortSignal.abort()).mint(REQUEST));
    expect(error).toBeInstanceOf(OutOfTime);
  });

  it('of a list that does not arrive are no empty list', async () => {
    fake.users.mint(user);
    fake.faults.push({ operation: 'ListAccessKeys', answer: { text: '<ListAccessKeysResponse/>' } });
    expect(await failureOf(issuer().list?.() ?? Promise.resolve())).toBeInstanceOf(Unreachable);
  });

  it('hold no secret, whatever the answer was', async () => {
    fake.faults.push({ operation: 'CreateAccessKey', answer: { text: '<a>wJalrXUtnFEMI</b>' } });
    const error = await failureOf(issuer().mint(REQUEST));
    expect(error).toBeInstanceOf(Unreachable);
    expect(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain('wJalrXUtnFEMI');
  });
});
