import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FakeIam, startIam } from '../../../local/issuers/iam.ts';
import type { AccessKey } from '../../../local/issuers/iam-users.ts';
import { type IamRotation, secretOf, startIamRotation } from '../../support/iam-rotation.ts';

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

describe('whoever writes the secret', () => {
  const refusal = async (value: string) => {
    const arn = await rotation.newSecret(value);
    const before = rotation.ids();
    iam.calls.splice(0);
    expect(await rotation.rotate(arn)).toBe('CurrentLoginRefused');
    expect(iam.calls.filter((call) => !call.startsWith('GetCallerIdentity'))).toEqual([]);
    expect(rotation.ids()).toEqual(before);
    return arn;
  };

  it("gets no key of another rotation.user, which the role may act on, for a key of one's own", async () => {
    const own = iam.users.mint(rotation.user);
    iam.users.add('victim');
    await refusal(secretOf({ ...own, userName: 'victim' }));
    expect(rotation.said()).toContain(rotation.userArn);
    expect(rotation.ids('victim')).toEqual([]);
  });

  it("gets no key for a key of a namesake in an account of one's own", async () => {
    const foreign = `foreign-${randomUUID()}`;
    iam.users.add(foreign, '/', '210987654321');
    await refusal(secretOf(iam.users.mint(foreign)));
    expect(rotation.said()).toContain('account 123456789012');
  });

  it.each<[string, (key: AccessKey) => Pick<AccessKey, 'id' | 'secret'>]>([
    ['a secret that is not the key’s', ({ id }) => ({ id, secret: 'wrong' })],
    ['an id that nobody has', ({ secret }) => ({ id: 'AKIAAAAAAAAAAAAAAAAA', secret })],
    ['an id that is no id', ({ secret }) => ({ id: 'AKIA\r\nHost: elsewhere', secret })],
    ['no key at all', () => ({ id: '', secret: '' })],
  ])('gets no key for %s, and is told the way out', async (_, wrong) => {
    const key = iam.users.mint(rotation.user);
    const arn = await refusal(secretOf({ userName: rotation.user, ...wrong(key) }));
    expect(rotation.said()).toContain('RECOVER_THROUGH_ROLE');
    expect(rotation.said()).toContain(arn);
  });

  it('gets no key even where the key is to be recovered, if it works and is of another user', async () => {
    const own = iam.users.mint(rotation.user);
    iam.users.add('victim');
    const arn = await rotation.newSecret(secretOf({ ...own, userName: 'victim' }));
    vi.stubEnv('RECOVER_THROUGH_ROLE', arn);
    expect(await rotation.rotate(arn)).toBe('CurrentLoginRefused');
    expect(rotation.ids('victim')).toEqual([]);
  });

  it.each(['', '../victim', 'team/app', 'app\n'])('names no user by %o', async (userName) => {
    const arn = await rotation.newSecret(secretOf({ ...iam.users.mint(rotation.user), userName }));
    expect(await rotation.rotate(arn)).toBe('InvalidSecret');
    expect(rotation.said()).toContain('UserName');
  });

  it('cannot have a candidate of another user promoted', async () => {
    const arn = await rotation.newSecret();
    const victim = `victim-${randomUUID()}`;
    iam.users.add(victim);
    const SecretString = secretOf(iam.users.mint(victim));
    const token = randomUUID();
    const { versions } = rotation.service.store.find(arn);
    versions.put(token, { SecretString }, ['AWSPENDING'], new Date());
    expect(await rotation.rotate(arn, token)).toBe('CandidateGivenUp');
    expect(rotation.ids(victim)).toHaveLength(1);
  });
});

describe('a key that is lost', () => {
  it.each([
    ['deleted', (key: AccessKey) => iam.users.end(key.id)],
    ['inactive', (key: AccessKey) => Object.assign(key, { active: false })],
  ])('since it is %s is replaced where the deployer lists the secret', async (_, lose) => {
    const key = iam.users.mint(rotation.user);
    const arn = await rotation.newSecret(secretOf(key));
    lose(key);
    vi.stubEnv('RECOVER_THROUGH_ROLE', `arn:aws:secretsmanager:us-east-1:123456789012:secret:other-AbCdEf, ${arn}`);
    vi.stubEnv('DEDICATED_USERS', `${iam.users.add(`other-${randomUUID()}`)} ${rotation.userArn}`);
    expect(await rotation.rotate(arn)).toBe('succeeded');
    expect(iam.users.key(rotation.idIn(arn, 'AWSCURRENT'))).toMatchObject({ active: true, userName: rotation.user });
    expect(rotation.output.logs()).toContainEqual(
      expect.objectContaining({ level: 'WARN', message: expect.stringContaining(rotation.user) }),
    );
  });

  it('is not replaced where the deployer lists another secret', async () => {
    const key = iam.users.mint(rotation.user);
    const arn = await rotation.newSecret(secretOf(key));
    iam.users.end(key.id);
    vi.stubEnv('RECOVER_THROUGH_ROLE', await rotation.newSecret());
    expect(await rotation.rotate(arn)).toBe('CurrentLoginRefused');
  });
});
