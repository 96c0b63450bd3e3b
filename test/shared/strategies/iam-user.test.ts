import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FakeIam, startIam } from '../../../local/issuers/iam.ts';
import type { AccessKey } from '../../../local/issuers/iam-users.ts';
import { type LocalSecretsManager, startSecretsManager } from '../../../local/secrets-manager/server.ts';
import { iamAccessKey } from '../../../shared/providers/iam-access-key.ts';
import { rotationHandler } from '../../../shared/rotation/handler.ts';
import { iamUser } from '../../../shared/strategies/iam-user.ts';
import { mintedKey } from '../../../shared/strategies/minted-key.ts';
import { functionArn, functionHost } from '../../local/secrets-manager/functions.ts';
import { type CapturedOutput, captureOutput } from '../../support/captured-output.ts';
import { clientFor } from '../../support/protocol.ts';

/** Older than the longest run of the function here (30 s) and the clocks' difference. */
const OLD_MS = 60_000;

let iam: FakeIam;
let service: LocalSecretsManager;
let client: SecretsManagerClient;
let output: CapturedOutput;
let failures: Error[] = [];
let user = '';
let userArn = '';

beforeAll(async () => {
  // One for all tests: the SDK's clients are made once a process.
  iam = await startIam();
});

afterAll(() => iam.close());

beforeEach(async () => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDLOCAL');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  vi.stubEnv('AWS_ENDPOINT_URL_IAM', iam.endpoint);
  vi.stubEnv('AWS_ENDPOINT_URL_STS', iam.endpoint);
  const { host } = functionHost(async (event) => {
    const ends = performance.now() + 30_000;
    const lambda = { functionName: 'test-function', getRemainingTimeInMillis: () => ends - performance.now() };
    await handler(event, lambda).catch((thrown: Error) => {
      failures.push(thrown);
      throw thrown;
    });
  });
  service = await startSecretsManager({ functions: host, retries: 0 });
  client = clientFor(service.endpoint);
  let elapsedMs = 0;
  const clock = {
    now: () => new Date(Date.now() + elapsedMs),
    async wait(milliseconds: number) {
      elapsedMs += milliseconds;
    },
  };
  const handler = rotationHandler(mintedKey(iamUser(iamAccessKey), clock), client);
  output = captureOutput();
  failures = [];
  user = `app-${randomUUID()}`;
  userArn = iam.users.add(user, '/team/');
  iam.calls.splice(0);
  Object.assign(iam, { allowed: undefined, propagation: 0 });
});

afterEach(async () => {
  output.restore();
  vi.unstubAllEnvs();
  client.destroy();
  await service.close();
});

const secretOf = ({ id, secret, userName }: Pick<AccessKey, 'id' | 'secret' | 'userName'>) =>
  JSON.stringify({ Region: 'eu-west-1', UserName: userName, AccessKeyId: id, SecretAccessKey: secret });

/** A secret with this first value, or with a key of the user that is some time old. */
async function newSecret(value?: string, tags: Readonly<Record<string, string>> = {}): Promise<string> {
  const SecretString = value ?? secretOf(iam.users.mint(user));
  iam.users.age(OLD_MS);
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const { ARN } = await client.send(new CreateSecretCommand({ Name: `iam/${randomUUID()}`, SecretString, Tags }));
  return ARN ?? '';
}

/** Resolves to `succeeded`, or to the name of what the rotation failed with. */
async function rotate(SecretId: string): Promise<string> {
  failures = [];
  await client.send(new RotateSecretCommand({ SecretId, RotationLambdaARN: functionArn }));
  await service.settled();
  return failures.at(-1)?.name ?? service.results.at(-1)?.outcome ?? 'none';
}

/** What the version with a staging label holds. */
function read(arn: string, label: string): Readonly<Record<string, string>> {
  const version = service.store.find(arn).versions.holderOf(label);
  const { value } = version ?? {};
  return value && 'SecretString' in value ? JSON.parse(value.SecretString) : {};
}

/** What the rotation failed with. */
const said = () => failures.at(-1)?.message;
const ids = (userName = user) => iam.users.keysOf(userName).map(({ id }) => id);
const idIn = (arn: string, label: string) => read(arn, label)['AccessKeyId'];

describe('an access key of an IAM user', () => {
  it('is rotated: the new one works, the old one lives on, and the rest of the secret stays', async () => {
    const arn = await newSecret();
    const before = read(arn, 'AWSCURRENT');
    expect(await rotate(arn)).toBe('succeeded');
    const after = read(arn, 'AWSCURRENT');
    expect(iam.users.key(after['AccessKeyId'] ?? '')).toMatchObject({ secret: after['SecretAccessKey'], active: true });
    expect(after).toMatchObject({ Region: 'eu-west-1', UserName: user });
    expect(ids()).toEqual([before['AccessKeyId'], after['AccessKeyId']]);
  });

  it('makes room by ending the key of AWSPREVIOUS, rotation after rotation', async () => {
    vi.stubEnv('DEDICATED_USERS', userArn);
    const arn = await newSecret();
    for (let time = 0; time < 3; time += 1) {
      expect(await rotate(arn)).toBe('succeeded');
      expect(ids()).toEqual([idIn(arn, 'AWSPREVIOUS'), idIn(arn, 'AWSCURRENT')]);
    }
  });

  it('ends the old key at once where the tag asks for it', async () => {
    vi.stubEnv('DEDICATED_USERS', `arn:aws:iam::123456789012:user/other ${userArn}`);
    const arn = await newSecret(undefined, { 'rotation:retire': 'at-once' });
    expect(await rotate(arn)).toBe('succeeded');
    expect(ids()).toEqual([idIn(arn, 'AWSCURRENT')]);
  });

  it('is waited for until it is known everywhere', async () => {
    iam.propagation = 5;
    const arn = await newSecret();
    expect(await rotate(arn)).toBe('succeeded');
  });

  it('that is never accepted is not promoted', async () => {
    iam.propagation = 10_000;
    const arn = await newSecret();
    const before = idIn(arn, 'AWSCURRENT');
    expect(await rotate(arn)).toBe('KeyRefused');
    expect(idIn(arn, 'AWSCURRENT')).toBe(before);
  });

  it('in use since it was replaced is not ended, and nothing is made', async () => {
    vi.stubEnv('DEDICATED_USERS', userArn);
    const arn = await newSecret();
    await rotate(arn);
    const previous = iam.users.key(idIn(arn, 'AWSPREVIOUS') ?? '');
    if (previous) previous.lastUsedAt = new Date(Date.now() + 1_000);
    const before = ids();
    expect(await rotate(arn)).toBe('PreviousKeyStillInUse');
    expect(said()).toContain(previous?.id);
    expect(ids()).toEqual(before);
    expect(iam.users.keysOf(user).every(({ active }) => active)).toBe(true);
  });
});

describe('at the quota of two keys, a key that no version holds', () => {
  const withStranger = async () => {
    const stranger = iam.users.mint(user);
    return { stranger: stranger.id, arn: await newSecret() };
  };

  it('is ended where the deployer said that the user is dedicated to this secret', async () => {
    vi.stubEnv('DEDICATED_USERS', userArn);
    const { arn, stranger } = await withStranger();
    expect(await rotate(arn)).toBe('succeeded');
    expect(ids()).not.toContain(stranger);
  });

  it('is ended though it is inactive', async () => {
    vi.stubEnv('DEDICATED_USERS', userArn);
    const { arn, stranger } = await withStranger();
    const key = iam.users.key(stranger);
    if (key) key.active = false;
    expect(await rotate(arn)).toBe('succeeded');
    expect(ids()).not.toContain(stranger);
  });

  it('is left if it may be one that another run is about to store', async () => {
    vi.stubEnv('DEDICATED_USERS', userArn);
    const { arn, stranger } = await withStranger();
    const key = iam.users.key(stranger);
    if (key) key.createdAt = new Date();
    expect(await rotate(arn)).toBe('KeyLimitReached');
    expect(ids()).toContain(stranger);
  });

  it.each([
    ['nobody', ''],
    ['other users', 'arn:aws:iam::123456789012:user/other'],
    ["another account's namesake", 'another account'],
  ])('is left where the deployer said that of %s, and named', async (_, users) => {
    vi.stubEnv('DEDICATED_USERS', users === 'another account' ? userArn.replace(/\d{12}/, '210987654321') : users);
    const { arn, stranger } = await withStranger();
    const before = ids();
    expect(await rotate(arn)).toBe('KeyLimitReached');
    expect(said()).toContain(stranger);
    expect(said()).toContain(idIn(arn, 'AWSCURRENT'));
    expect(said()).toContain('DEDICATED_USERS');
    expect(ids()).toEqual(before);
  });
});

describe('whoever writes the secret', () => {
  const refusal = async (value: string) => {
    const arn = await newSecret(value);
    const before = ids();
    iam.calls.splice(0);
    expect(await rotate(arn)).toBe('CurrentLoginRefused');
    expect(iam.calls.filter((call) => !call.startsWith('GetCallerIdentity'))).toEqual([]);
    expect(ids()).toEqual(before);
    return arn;
  };

  it("gets no key of another user, which the role may act on, for a key of one's own", async () => {
    const own = iam.users.mint(user);
    iam.users.add('victim');
    await refusal(secretOf({ ...own, userName: 'victim' }));
    expect(said()).toContain(userArn);
    expect(ids('victim')).toEqual([]);
  });

  it("gets no key for a key of a namesake in an account of one's own", async () => {
    const foreign = `foreign-${randomUUID()}`;
    iam.users.add(foreign, '/', '210987654321');
    await refusal(secretOf(iam.users.mint(foreign)));
    expect(said()).toContain('account 123456789012');
  });

  it.each<[string, (key: AccessKey) => Pick<AccessKey, 'id' | 'secret'>]>([
    ['a secret that is not the key’s', ({ id }) => ({ id, secret: 'wrong' })],
    ['an id that nobody has', ({ secret }) => ({ id: 'AKIAAAAAAAAAAAAAAAAA', secret })],
    ['an id that is no id', ({ secret }) => ({ id: 'AKIA\r\nHost: elsewhere', secret })],
    ['no key at all', () => ({ id: '', secret: '' })],
  ])('gets no key for %s, and is told the way out', async (_, wrong) => {
    const key = iam.users.mint(user);
    const arn = await refusal(secretOf({ userName: user, ...wrong(key) }));
    expect(said()).toContain('RECOVER_THROUGH_ROLE');
    expect(said()).toContain(arn);
  });

  it('gets no key even where the key is to be recovered, if it works and is of another user', async () => {
    const own = iam.users.mint(user);
    iam.users.add('victim');
    const arn = await newSecret(secretOf({ ...own, userName: 'victim' }));
    vi.stubEnv('RECOVER_THROUGH_ROLE', arn);
    expect(await rotate(arn)).toBe('CurrentLoginRefused');
    expect(ids('victim')).toEqual([]);
  });

  it.each(['', '../victim', 'team/app', 'app\n'])('names no user by %o', async (userName) => {
    const arn = await newSecret(secretOf({ ...iam.users.mint(user), userName }));
    expect(await rotate(arn)).toBe('InvalidSecret');
    expect(said()).toContain('UserName');
  });

  it('cannot have a candidate of another user promoted', async () => {
    const arn = await newSecret();
    const victim = `victim-${randomUUID()}`;
    iam.users.add(victim);
    const SecretString = secretOf(iam.users.mint(victim));
    const ClientRequestToken = randomUUID();
    const put = { SecretId: arn, SecretString, ClientRequestToken, VersionStages: ['AWSPENDING'] };
    await client.send(new PutSecretValueCommand(put));
    const request = { SecretId: arn, RotationLambdaARN: functionArn, ClientRequestToken };
    await client.send(new RotateSecretCommand(request));
    await service.settled();
    expect(failures.at(-1)?.name).toBe('CandidateMismatch');
    expect(ids(victim)).toHaveLength(1);
  });
});

describe('a key that is lost', () => {
  it.each([
    ['deleted', (key: AccessKey) => iam.users.end(key.id)],
    ['inactive', (key: AccessKey) => Object.assign(key, { active: false })],
  ])('since it is %s is replaced where the deployer lists the secret', async (_, lose) => {
    const key = iam.users.mint(user);
    const arn = await newSecret(secretOf(key));
    lose(key);
    vi.stubEnv('RECOVER_THROUGH_ROLE', `arn:aws:secretsmanager:us-east-1:123456789012:secret:other-AbCdEf, ${arn}`);
    vi.stubEnv('DEDICATED_USERS', userArn);
    expect(await rotate(arn)).toBe('succeeded');
    expect(iam.users.key(idIn(arn, 'AWSCURRENT') ?? '')?.active).toBe(true);
    expect(output.logs()).toContainEqual(
      expect.objectContaining({ level: 'WARN', message: expect.stringContaining(user) }),
    );
  });

  it('is not replaced where the deployer lists another secret', async () => {
    const key = iam.users.mint(user);
    const arn = await newSecret(secretOf(key));
    iam.users.end(key.id);
    vi.stubEnv('RECOVER_THROUGH_ROLE', await newSecret());
    expect(await rotate(arn)).toBe('CurrentLoginRefused');
  });
});

describe('what an operator reads', () => {
  it('names the user, and which permission lacks', async () => {
    const arn = await newSecret();
    iam.allowed = [];
    expect(await rotate(arn)).toBe('IssuerRefused');
    expect(said()).toContain(`iam:ListAccessKeys on ${userArn}`);
  });

  it('tells a setting that lists no users', async () => {
    vi.stubEnv('DEDICATED_USERS', 'app');
    expect(await rotate(await newSecret())).toBe('InvalidSetting');
    expect(said()).toContain('"app"');
  });

  it('holds no secret key, whether it went well or not', async () => {
    vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'DEBUG');
    const arn = await newSecret();
    await rotate(arn);
    const stranger = await rotate(arn);
    expect(stranger).toBe('KeyLimitReached');
    const secrets = iam.users.keysOf(user).map(({ secret }) => secret);
    expect(secrets).toHaveLength(2);
    const told = `${output.text()} ${said()} ${failures.at(-1)?.stack}`;
    for (const secret of secrets) expect(told).not.toContain(secret);
  });
});
