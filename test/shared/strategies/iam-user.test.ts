import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FakeIam, startIam } from '../../../local/issuers/iam.ts';
import { type IamRotation, startIamRotation } from '../../support/iam-rotation.ts';

let iam: FakeIam;
let rotation: IamRotation;

beforeAll(async () => {
  iam = await startIam();
});

afterAll(() => iam.close());

beforeEach(async () => {
  rotation = await startIamRotation(iam);
  iam.calls.splice(0);
  Object.assign(iam, { allowed: undefined, propagation: 0 });
});

afterEach(() => rotation.close());

describe('an access key of an IAM user', () => {
  it('is rotated: the new one works, the old one lives on, and the rest of the secret stays', async () => {
    const arn = await rotation.newSecret();
    const before = rotation.read(arn, 'AWSCURRENT');
    expect(await rotation.rotate(arn)).toBe('succeeded');
    const after = rotation.read(arn, 'AWSCURRENT');
    expect(iam.users.key(after['AccessKeyId'] ?? '')).toMatchObject({ secret: after['SecretAccessKey'], active: true });
    expect(after).toMatchObject({ Region: 'eu-west-1', UserName: rotation.user });
    expect(rotation.ids()).toEqual([before['AccessKeyId'], after['AccessKeyId']]);
  });

  it('makes room by ending the key of AWSPREVIOUS, rotation after rotation', async () => {
    vi.stubEnv('DEDICATED_USERS', rotation.userArn);
    const arn = await rotation.newSecret();
    for (let time = 0; time < 3; time += 1) {
      expect(await rotation.rotate(arn)).toBe('succeeded');
      expect(rotation.ids()).toEqual([rotation.idIn(arn, 'AWSPREVIOUS'), rotation.idIn(arn, 'AWSCURRENT')]);
    }
  });

  it('ends the old key at once where the tag asks for it', async () => {
    vi.stubEnv('DEDICATED_USERS', `arn:aws:iam::123456789012:user/other ${rotation.userArn}`);
    const arn = await rotation.newSecret(undefined, { 'rotation:retire': 'at-once' });
    expect(await rotation.rotate(arn)).toBe('succeeded');
    expect(rotation.ids()).toEqual([rotation.idIn(arn, 'AWSCURRENT')]);
  });

  it('is waited for until it is known everywhere', async () => {
    iam.propagation = 5;
    const arn = await rotation.newSecret();
    expect(await rotation.rotate(arn)).toBe('succeeded');
  });

  it('that is never accepted is not promoted', async () => {
    iam.propagation = 10_000;
    const arn = await rotation.newSecret();
    const before = rotation.idIn(arn, 'AWSCURRENT');
    expect(await rotation.rotate(arn)).toBe('KeyRefused');
    expect(rotation.idIn(arn, 'AWSCURRENT')).toBe(before);
  });

  it('in use since it was replaced is not ended, and nothing is made', async () => {
    vi.stubEnv('DEDICATED_USERS', rotation.userArn);
    const arn = await rotation.newSecret();
    await rotation.rotate(arn);
    const previous = iam.users.key(rotation.idIn(arn, 'AWSPREVIOUS') ?? '');
    if (previous) previous.lastUsedAt = new Date(Date.now() + 1_000);
    const before = rotation.ids();
    expect(await rotation.rotate(arn)).toBe('PreviousKeyStillInUse');
    expect(rotation.said()).toContain(previous?.id);
    expect(rotation.ids()).toEqual(before);
    expect(iam.users.keysOf(rotation.user).every(({ active }) => active)).toBe(true);
  });
});

describe('at the quota of two keys, a key that no version holds', () => {
  const withStranger = async () => {
    const stranger = iam.users.mint(rotation.user);
    return { stranger: stranger.id, arn: await rotation.newSecret() };
  };

  it('is ended where the deployer said that the user is dedicated to this secret', async () => {
    vi.stubEnv('DEDICATED_USERS', rotation.userArn);
    const { arn, stranger } = await withStranger();
    expect(await rotation.rotate(arn)).toBe('succeeded');
    expect(rotation.ids()).not.toContain(stranger);
  });

  it('is ended though it is inactive', async () => {
    vi.stubEnv('DEDICATED_USERS', rotation.userArn);
    const { arn, stranger } = await withStranger();
    const key = iam.users.key(stranger);
    if (key) key.active = false;
    expect(await rotation.rotate(arn)).toBe('succeeded');
    expect(rotation.ids()).not.toContain(stranger);
  });

  it('is left if it may be one that another run is about to store', async () => {
    vi.stubEnv('DEDICATED_USERS', rotation.userArn);
    const { arn, stranger } = await withStranger();
    const key = iam.users.key(stranger);
    if (key) key.createdAt = new Date();
    expect(await rotation.rotate(arn)).toBe('KeyLimitReached');
    expect(rotation.ids()).toContain(stranger);
  });

  it.each([
    ['nobody', ''],
    ['other users', 'arn:aws:iam::123456789012:user/other'],
    ["another account's namesake", 'another account'],
  ])('is left where the deployer said that of %s, and named', async (_, users) => {
    vi.stubEnv(
      'DEDICATED_USERS',
      users === 'another account' ? rotation.userArn.replace(/\d{12}/, '210987654321') : users,
    );
    const { arn, stranger } = await withStranger();
    const before = rotation.ids();
    expect(await rotation.rotate(arn)).toBe('KeyLimitReached');
    expect(rotation.said()).toContain(stranger);
    expect(rotation.said()).toContain(rotation.idIn(arn, 'AWSCURRENT'));
    expect(rotation.said()).toContain('DEDICATED_USERS');
    expect(rotation.ids()).toEqual(before);
  });
});

describe('what an operator reads', () => {
  it('names the rotation.user, and which permission lacks', async () => {
    const arn = await rotation.newSecret();
    iam.allowed = [];
    expect(await rotation.rotate(arn)).toBe('IssuerRefused');
    expect(rotation.said()).toContain(`iam:ListAccessKeys on ${rotation.userArn}`);
  });

  it('tells a setting that lists no users', async () => {
    vi.stubEnv('DEDICATED_USERS', 'app');
    expect(await rotation.rotate(await rotation.newSecret())).toBe('InvalidSetting');
    expect(rotation.said()).toContain('"app"');
  });

  it('holds no secret key, whether it went well or not', async () => {
    vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'DEBUG');
    const arn = await rotation.newSecret();
    await rotation.rotate(arn);
    const stranger = await rotation.rotate(arn);
    expect(stranger).toBe('KeyLimitReached');
    const secrets = iam.users.keysOf(rotation.user).map(({ secret }) => secret);
    expect(secrets).toHaveLength(2);
    const told = `${rotation.output.text()} ${rotation.said()}`;
    for (const secret of secrets) expect(told).not.toContain(secret);
  });
});
